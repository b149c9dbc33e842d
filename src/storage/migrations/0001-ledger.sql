-- The tamper-evident exchange log: one head row, records appended in order, intents of begun exchanges.

-- Where the log stands. The row is always there; its lock makes one sequence of all writers.
CREATE TABLE ledger_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  size bigint NOT NULL,
  last_at bigint NOT NULL,          -- Unix milliseconds of the last record
  root bytea NOT NULL,
  peaks bytea NOT NULL              -- the frontier's hashes, largest subtree first, 32 bytes each
);
INSERT INTO ledger_head (size, last_at, root, peaks) VALUES (0, 0, sha256(''), '');

-- Columns beside `leaf` are an index derived from its bytes; the bytes are the record.
CREATE TABLE exchange_record (
  leaf_index bigint PRIMARY KEY,
  exchange_id uuid NOT NULL UNIQUE,
  at timestamptz NOT NULL,
  leaf bytea NOT NULL,
  leaf_hash bytea NOT NULL,
  consumer text NOT NULL,
  provider text,
  service text NOT NULL,
  operation text,
  outcome text NOT NULL,
  code text,
  agreement text,
  purpose text,
  subject_tag text,
  officer_tag text,
  dossier_tag text
);
CREATE INDEX exchange_record_at ON exchange_record (at);
CREATE INDEX exchange_record_subject ON exchange_record (subject_tag) WHERE subject_tag IS NOT NULL;

-- Moves the head, or raises LT001 where another writer was there first; the caller's transaction then
-- writes nothing.
CREATE FUNCTION ledger_advance(
  expected_size bigint, new_size bigint, new_last_at bigint, new_root bytea, new_peaks bytea
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger_head SET size = new_size, last_at = new_last_at, root = new_root, peaks = new_peaks
   WHERE size = expected_size;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the log has grown since it was read' USING ERRCODE = 'LT001';
  END IF;
END $$;

-- An exchange made durable before its provider was asked. Its process holds the advisory lock
-- (7416, process) for as long as it lives; an intent whose lock is free is an orphan.
CREATE TABLE exchange_intent (
  exchange_id uuid PRIMARY KEY,
  process integer NOT NULL,
  record text NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT now()
);

-- Keys of the keyed tags, one a month, each sealed with the data key; destroying a row makes the month's
-- tags unlinkable.
CREATE TABLE tag_key (
  month text PRIMARY KEY CHECK (month ~ '^\d{4}-\d{2}$'),
  sealed_key bytea NOT NULL
);

-- A known text under the data key: tells at start whether a gateway holds the right key.
CREATE TABLE vault_check (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  sealed bytea NOT NULL
);
