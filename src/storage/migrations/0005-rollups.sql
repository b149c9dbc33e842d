-- Exact counts of exchanges, kept for years beside a log whose records are kept for months. A job adds the
-- records of the log in order of their leaf index; `rollup_progress` says how far it came, in the same
-- transaction, so a record is counted once whatever happens. Absent values are ''.

CREATE TABLE exchange_hour (
  hour timestamptz NOT NULL,           -- start of the hour of receipt
  consumer text NOT NULL,
  provider text NOT NULL,
  service text NOT NULL,
  operation text NOT NULL,
  outcome text NOT NULL,
  code text NOT NULL,
  agreement text NOT NULL,
  purpose text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (hour, consumer, provider, service, operation, outcome, code, agreement, purpose)
);

CREATE TABLE exchange_day (
  day date NOT NULL,                   -- of receipt, in Vietnam's time
  consumer text NOT NULL,
  provider text NOT NULL,
  service text NOT NULL,
  operation text NOT NULL,
  outcome text NOT NULL,
  code text NOT NULL,
  agreement text NOT NULL,
  purpose text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (day, consumer, provider, service, operation, outcome, code, agreement, purpose)
);

CREATE TABLE rollup_progress (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  counted bigint NOT NULL              -- records with a smaller leaf index are counted
);
INSERT INTO rollup_progress (counted) VALUES (0);

-- One record as the counts know it. What a consumer made up (a service that is not registered, a purpose without
-- an agreement) is no dimension: it would let one consumer make as many rows as it likes.
CREATE VIEW countable_record AS
SELECT exchange_id, leaf_index, exchange_time(exchange_id) AS received, consumer,
       coalesce(provider, '') AS provider,
       CASE WHEN provider IS NULL AND service <> 'audit' THEN '' ELSE service END AS service,
       coalesce(operation, '') AS operation, outcome, coalesce(code, '') AS code,
       coalesce(agreement, '') AS agreement,
       CASE WHEN agreement IS NULL THEN '' ELSE coalesce(purpose, '') END AS purpose,
       subject_tag, officer_tag, dossier_tag
  FROM exchange_record;

-- Counts up to `most` further records. Returns how many it counted. One caller at a time; others wait.
CREATE FUNCTION rollup_advance(most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  first bigint;
  last bigint;
BEGIN
  SELECT counted INTO first FROM rollup_progress FOR UPDATE;
  SELECT least(size, first + most) INTO last FROM ledger_head;
  IF last <= first THEN
    RETURN 0;
  END IF;
  WITH hours AS (
    SELECT date_trunc('hour', received, 'UTC') AS hour, consumer, provider, service, operation, outcome, code,
           agreement, purpose, count(*) AS count
      FROM countable_record WHERE leaf_index >= first AND leaf_index < last
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
  ), counted_hours AS (
    INSERT INTO exchange_hour SELECT * FROM hours
    ON CONFLICT (hour, consumer, provider, service, operation, outcome, code, agreement, purpose)
    DO UPDATE SET count = exchange_hour.count + excluded.count
  )
  INSERT INTO exchange_day
    SELECT (hour AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, consumer, provider, service, operation, outcome, code,
           agreement, purpose, sum(count)
      FROM hours GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
  ON CONFLICT (day, consumer, provider, service, operation, outcome, code, agreement, purpose)
  DO UPDATE SET count = exchange_day.count + excluded.count;
  UPDATE rollup_progress SET counted = last;
  RETURN last - first;
END $$;
