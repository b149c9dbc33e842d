-- Bulk jobs: who asked what, how far it is, and (encrypted) the file and the results.
CREATE TABLE bulk_job (
  id uuid PRIMARY KEY,
  consumer text NOT NULL,
  sealed_ask bytea NOT NULL,           -- service, operation, purpose, particulars and proven consumer
  size_bytes bigint NOT NULL,
  received_bytes bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'uploading',
  code text,
  process integer,                     -- that does it
  epoch integer NOT NULL DEFAULT 0,    -- moved on by each claim: what an earlier holder writes is refused
  queue_job uuid,
  records bigint NOT NULL DEFAULT 0,   -- done
  exchanges bigint NOT NULL DEFAULT 0,
  counts text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  expires_at timestamptz NOT NULL
);
CREATE INDEX bulk_job_consumer ON bulk_job (consumer, created_at DESC);
CREATE INDEX bulk_job_expiry ON bulk_job (expires_at);

CREATE TABLE bulk_input (
  job uuid NOT NULL REFERENCES bulk_job ON DELETE CASCADE,
  at_byte bigint NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (job, at_byte)
);
CREATE TABLE bulk_result (
  job uuid NOT NULL REFERENCES bulk_job ON DELETE CASCADE,
  after_record bigint NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (job, after_record)
);
-- Encrypted bytes do not compress: trying costs time.
ALTER TABLE bulk_input ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE bulk_result ALTER COLUMN sealed SET STORAGE EXTERNAL;
