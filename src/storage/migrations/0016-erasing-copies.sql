-- What is kept of exchanges for a while (replies, cases, events) is found and erased by the exchange it came with.
ALTER TABLE submission ADD COLUMN exchange_id uuid;      -- of the first one
ALTER TABLE linked_procedure ADD COLUMN begun_by uuid;   -- the exchange whose id its steps' records name as parent
ALTER TABLE document_request ADD COLUMN begun_by uuid;
-- Erased by order while it was under way: its contents go within a day of its end, whatever the plan keeps.
ALTER TABLE linked_procedure ADD COLUMN hurried boolean NOT NULL DEFAULT false;
ALTER TABLE document_request ADD COLUMN hurried boolean NOT NULL DEFAULT false;

-- An erased event is told nobody any more but those who are being told; then its content goes. Its place stays.
ALTER TABLE event ALTER COLUMN sealed DROP NOT NULL;
ALTER TABLE event ADD COLUMN erased boolean NOT NULL DEFAULT false;
ALTER TABLE event ADD CHECK (sealed IS NOT NULL OR erased);
CREATE INDEX event_erasing ON event (slot) WHERE erased AND sealed IS NOT NULL;

-- Tables that something was erased from since they were written anew.
CREATE TABLE erased_from (
  table_name text PRIMARY KEY
);
