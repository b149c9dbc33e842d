-- Requests that are answered days later. What they are about, and their answers, are encrypted and erased a while after the end.
CREATE TABLE document_request (
  request_id uuid PRIMARY KEY,
  slot bytea NOT NULL UNIQUE,          -- of the submission that made it: SHA-256 of consumer, service, operation, key
  request_digest text NOT NULL,
  consumer text NOT NULL,
  service text NOT NULL,
  operation text NOT NULL,
  state text NOT NULL,
  revision integer NOT NULL DEFAULT 0,
  received_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  close_at timestamptz NOT NULL,
  next_at timestamptz,                 -- when it is to be carried on at the latest; absent once it has ended
  erase_at timestamptz,                -- when the contents are to be erased; set at the end
  sealed_order bytea,
  sealed_progress bytea
);
CREATE INDEX document_request_next ON document_request (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX document_request_erase ON document_request (erase_at) WHERE erase_at IS NOT NULL;
