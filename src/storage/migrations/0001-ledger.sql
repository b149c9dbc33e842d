-- The tamper-evident exchange log: one head row, records appended in order, intents of begun exchanges.

-- Where the log stands. The row is always there; its lock makes one sequence of all writers.
CREATE TABLE ledger_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  size bigint NOT NULL,
  last_at bigint NOT NULL,          -- Unix milliseconds of the last record
  root bytea NOT NULL,
  peaks bytea NOT NULL,             -- the frontier's hashes, largest subtree first, 32 bytes each
  authority bigint NOT NULL DEFAULT 1  -- number of what exchanges are judged by; see 0007
);
INSERT INTO ledger_head (size, last_at, root, peaks) VALUES (0, 0, sha256(''), '');

-- When an exchange was received: the first 48 bits of its UUIDv7 (RFC 9562 §5.7).
CREATE FUNCTION exchange_time(exchange_id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_timestamp(('x' || translate(left(exchange_id::text, 13), '-', ''))::bit(48)::bigint / 1000.0);

-- The smallest exchange id of an instant: a span of time is a range of ids.
CREATE FUNCTION exchange_id_from(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN rpad(lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid;

-- Columns beside `leaf` are an index derived from its bytes; the bytes are the record. Partitioned by month
-- (UTC, as tag keys are) of receipt, which the exchange id itself tells: an id is looked for in one partition,
-- and is unique over all. `leaf_index` is unique by the head's compare-and-swap.
CREATE TABLE exchange_record (
  leaf_index bigint NOT NULL,
  exchange_id uuid PRIMARY KEY,
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
  purpose text
) PARTITION BY RANGE (exchange_id);
CREATE INDEX exchange_record_leaf_index ON exchange_record (leaf_index);
-- Each ends in the exchange id, which is the order of every search.
CREATE INDEX exchange_record_consumer ON exchange_record (consumer, exchange_id);
CREATE INDEX exchange_record_pair ON exchange_record (consumer, service, exchange_id);
CREATE INDEX exchange_record_provider ON exchange_record (provider, exchange_id);
CREATE INDEX exchange_record_service ON exchange_record (service, exchange_id);
CREATE INDEX exchange_record_agreement ON exchange_record (agreement, exchange_id);
CREATE INDEX exchange_record_outcome ON exchange_record (outcome, exchange_id) WHERE outcome <> 'delivered';
CREATE INDEX exchange_record_code ON exchange_record (code, exchange_id) WHERE code IS NOT NULL;
-- What went wrong is rare and asked for by party: written for few records, and read without passing over all others.
CREATE INDEX exchange_record_consumer_outcome ON exchange_record (consumer, outcome, exchange_id) WHERE outcome <> 'delivered';
CREATE INDEX exchange_record_provider_outcome ON exchange_record (provider, outcome, exchange_id) WHERE outcome <> 'delivered';
CREATE INDEX exchange_record_consumer_code ON exchange_record (consumer, code, exchange_id) WHERE code IS NOT NULL;

-- Takes what no month's partition takes, so that an append never fails for want of one.
CREATE TABLE exchange_record_default PARTITION OF exchange_record DEFAULT;

-- Makes the partition of `instant`'s month where there is none, and moves there what the default one holds of
-- that month. Attaching, unlike CREATE … PARTITION OF, lets appends go on. Returns whether one was made.
CREATE FUNCTION ensure_record_partition(instant timestamptz, parent text DEFAULT 'exchange_record')
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first timestamptz := date_trunc('month', instant, 'UTC');
  next timestamptz := date_trunc('month', first + interval '32 days', 'UTC');
  name text := parent || '_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
  low uuid := exchange_id_from(first);
  high uuid := exchange_id_from(next);
  strays boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7417);
  IF to_regclass(name) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
  EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE exchange_id >= $1 AND exchange_id < $2)', parent || '_default')
     INTO strays USING low, high;
  IF strays THEN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
    EXECUTE format(
      'WITH moved AS (DELETE FROM %I WHERE exchange_id >= $1 AND exchange_id < $2 RETURNING *)
       INSERT INTO %I SELECT * FROM moved', parent || '_default', name) USING low, high;
  END IF;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
  RETURN true;
END $$;

-- Moves the head, or raises LT001 where another writer was there first, LT002 where the batch was judged
-- under an authority that is no longer in force (null: judged under none); the caller's transaction then
-- writes nothing.
CREATE FUNCTION ledger_advance(
  expected_size bigint, new_size bigint, new_last_at bigint, new_root bytea, new_peaks bytea,
  judged_under bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger_head SET size = new_size, last_at = new_last_at, root = new_root, peaks = new_peaks
   WHERE size = expected_size AND authority = coalesce(judged_under, authority);
  IF NOT FOUND THEN
    IF (SELECT authority FROM ledger_head) <> judged_under THEN
      RAISE EXCEPTION 'what the batch was judged by is no longer in force' USING ERRCODE = 'LT002';
    END IF;
    RAISE EXCEPTION 'the log has grown since it was read' USING ERRCODE = 'LT001';
  END IF;
END $$;

-- An exchange made durable before its provider was asked. Its process holds the advisory lock
-- (7416, process) for as long as it lives; an intent whose lock is free is an orphan.
CREATE TABLE exchange_intent (
  exchange_id uuid PRIMARY KEY,
  process integer NOT NULL,
  record text NOT NULL,
  sealed_private bytea,             -- its disclosures, under the data key
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
