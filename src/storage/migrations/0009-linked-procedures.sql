-- Linked procedures: how far each has come. What they are about is encrypted, and erased a while after the end.
CREATE TABLE linked_procedure (
  procedure_id uuid PRIMARY KEY,
  slot bytea NOT NULL UNIQUE,          -- of the submission that began it: SHA-256 of consumer, service, operation, key
  request_digest text NOT NULL,
  consumer text NOT NULL,
  service text NOT NULL,
  operation text NOT NULL,
  state text NOT NULL,
  revision integer NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  next_at timestamptz,                 -- when it is to be carried on; absent once it has ended
  erase_at timestamptz,                -- when the contents are to be erased; set at the end
  sealed_order bytea,
  sealed_progress bytea
);
CREATE INDEX linked_procedure_next ON linked_procedure (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX linked_procedure_erase ON linked_procedure (erase_at) WHERE erase_at IS NOT NULL;
