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

-- Refusals are few, and are told by ground over whole years.
CREATE INDEX exchange_day_refused ON exchange_day (day) INCLUDE (provider, code, agreement, service, consumer, count)
 WHERE outcome = 'refused';

-- What pages are made of, in few rows: all of it follows from the days and hours, which the job keeps in the same
-- transaction and the log's audit compares. A month without agreements and purposes; a day and an hour by service
-- alone; what one system had from one service since the log was opened.
CREATE TABLE exchange_month (
  month date NOT NULL,                 -- its first day
  consumer text NOT NULL,
  provider text NOT NULL,
  service text NOT NULL,
  operation text NOT NULL,
  outcome text NOT NULL,
  code text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (month, consumer, provider, service, operation, outcome, code)
);
CREATE TABLE exchange_day_total (
  day date NOT NULL,
  service text NOT NULL,
  outcome text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (day, service, outcome)
);
CREATE TABLE exchange_hour_total (
  hour timestamptz NOT NULL,
  service text NOT NULL,
  outcome text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (hour, service, outcome)
);
CREATE TABLE exchange_connection (
  consumer text NOT NULL,
  provider text NOT NULL,
  service text NOT NULL,
  delivered bigint NOT NULL,
  last_delivered date,                 -- null where nothing ever was
  PRIMARY KEY (consumer, provider, service)
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
       CASE WHEN provider IS NULL AND service NOT IN ('audit', 'erasure', 'application') THEN '' ELSE service END AS service,
       coalesce(operation, '') AS operation, outcome, coalesce(code, '') AS code,
       coalesce(agreement, '') AS agreement,
       CASE WHEN agreement IS NULL THEN '' ELSE coalesce(purpose, '') END AS purpose
  FROM exchange_record;

-- Which records a W3C trace has, noted by the same job: no exchange waits for this index.
CREATE TABLE exchange_trace (
  trace uuid NOT NULL,                 -- its 16 bytes
  leaf_index bigint NOT NULL,
  PRIMARY KEY (trace, leaf_index)
);
-- NULL where the leaf has none that can be read: found by its place, since a pattern over a whole leaf costs more than
-- all else that counting does. No quotation mark inside a string stands bare, so the first such member is the record's.
CREATE FUNCTION hex_of_trace(leaf bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(substr(leaf, nullif(position('"trace":"'::bytea IN leaf), 0) + 9, 32), 'escape');
CREATE FUNCTION trace_of(leaf bytea) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN pg_input_is_valid(hex_of_trace(leaf), 'uuid') THEN hex_of_trace(leaf)::uuid END;

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
  ), days AS (
    SELECT (hour AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, consumer, provider, service, operation, outcome, code,
           agreement, purpose, sum(count) AS count
      FROM hours GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
  ), counted_hours AS (
    INSERT INTO exchange_hour SELECT * FROM hours
    ON CONFLICT (hour, consumer, provider, service, operation, outcome, code, agreement, purpose)
    DO UPDATE SET count = exchange_hour.count + excluded.count
  ), hour_totals AS (
    INSERT INTO exchange_hour_total SELECT hour, service, outcome, sum(count) FROM hours GROUP BY 1, 2, 3
    ON CONFLICT (hour, service, outcome) DO UPDATE SET count = exchange_hour_total.count + excluded.count
  ), day_totals AS (
    INSERT INTO exchange_day_total SELECT day, service, outcome, sum(count) FROM days GROUP BY 1, 2, 3
    ON CONFLICT (day, service, outcome) DO UPDATE SET count = exchange_day_total.count + excluded.count
  ), months AS (
    INSERT INTO exchange_month
      SELECT date_trunc('month', day)::date, consumer, provider, service, operation, outcome, code, sum(count)
        FROM days GROUP BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (month, consumer, provider, service, operation, outcome, code)
    DO UPDATE SET count = exchange_month.count + excluded.count
  ), connections AS (
    INSERT INTO exchange_connection
      SELECT consumer, provider, service, coalesce(sum(count) FILTER (WHERE outcome = 'delivered'), 0),
             max(day) FILTER (WHERE outcome = 'delivered')
        FROM days GROUP BY 1, 2, 3
    ON CONFLICT (consumer, provider, service)
    DO UPDATE SET delivered = exchange_connection.delivered + excluded.delivered,
                  last_delivered = greatest(exchange_connection.last_delivered, excluded.last_delivered)
  )
  INSERT INTO exchange_day SELECT * FROM days
  ON CONFLICT (day, consumer, provider, service, operation, outcome, code, agreement, purpose)
  DO UPDATE SET count = exchange_day.count + excluded.count;
  INSERT INTO exchange_trace
    SELECT trace, leaf_index FROM (
      SELECT trace_of(leaf) AS trace, leaf_index FROM exchange_record
       WHERE leaf_index >= first AND leaf_index < last
      OFFSET 0 -- each is looked for once
    ) AS traced
     WHERE trace IS NOT NULL
    ON CONFLICT DO NOTHING;
  UPDATE rollup_progress SET counted = last;
  RETURN last - first;
END $$;

-- What follows from the days and hours, as it has to be.
CREATE VIEW derived_month AS
SELECT date_trunc('month', day)::date AS month, consumer, provider, service, operation, outcome, code,
       sum(count)::bigint AS count
  FROM exchange_day GROUP BY 1, 2, 3, 4, 5, 6, 7;
CREATE VIEW derived_day_total AS
SELECT day, service, outcome, sum(count)::bigint AS count FROM exchange_day GROUP BY 1, 2, 3;
CREATE VIEW derived_hour_total AS
SELECT hour, service, outcome, sum(count)::bigint AS count FROM exchange_hour GROUP BY 1, 2, 3;
CREATE VIEW derived_connection AS
SELECT consumer, provider, service, coalesce(sum(count) FILTER (WHERE outcome = 'delivered'), 0)::bigint AS delivered,
       max(day) FILTER (WHERE outcome = 'delivered') AS last_delivered
  FROM exchange_day GROUP BY 1, 2, 3;

-- Whether it is as it has to be, at one moment.
CREATE FUNCTION rollup_holds() RETURNS boolean LANGUAGE sql STABLE
RETURN NOT EXISTS (SELECT FROM exchange_month m FULL JOIN derived_month d
                     USING (month, consumer, provider, service, operation, outcome, code)
                    WHERE m.count IS DISTINCT FROM d.count)
   AND NOT EXISTS (SELECT FROM exchange_day_total t FULL JOIN derived_day_total d USING (day, service, outcome)
                    WHERE t.count IS DISTINCT FROM d.count)
   AND NOT EXISTS (SELECT FROM exchange_hour_total t FULL JOIN derived_hour_total d USING (hour, service, outcome)
                    WHERE t.count IS DISTINCT FROM d.count)
   AND NOT EXISTS (SELECT FROM exchange_connection c FULL JOIN derived_connection d USING (consumer, provider, service)
                    WHERE (c.delivered, c.last_delivered) IS DISTINCT FROM (d.delivered, d.last_delivered));

-- Makes it anew, for whoever wrote days and hours without the job.
CREATE FUNCTION rollup_derive() RETURNS void LANGUAGE sql AS $$
  SELECT FROM rollup_progress FOR UPDATE;
  DELETE FROM exchange_month;
  DELETE FROM exchange_day_total;
  DELETE FROM exchange_hour_total;
  DELETE FROM exchange_connection;
  INSERT INTO exchange_month SELECT * FROM derived_month;
  INSERT INTO exchange_day_total SELECT * FROM derived_day_total;
  INSERT INTO exchange_hour_total SELECT * FROM derived_hour_total;
  INSERT INTO exchange_connection SELECT * FROM derived_connection;
$$;
