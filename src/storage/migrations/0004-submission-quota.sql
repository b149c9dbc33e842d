-- Submissions by Idempotency-Key: the first reply is kept (encrypted) and given again.
CREATE TABLE submission (
  slot bytea PRIMARY KEY,              -- SHA-256 of consumer, service, operation and key
  request_digest text NOT NULL,
  process integer NOT NULL,
  status smallint,                     -- absent while the first one runs
  sealed_body bytea,
  expires_at timestamptz NOT NULL
);
CREATE INDEX submission_expiry ON submission (expires_at);

-- What each agreement has used of its quota; processes lease shares of it.
CREATE TABLE quota_use (
  agreement text PRIMARY KEY,
  day date NOT NULL,
  used_today bigint NOT NULL,
  second bigint NOT NULL,
  used_in_second bigint NOT NULL
);

-- Leases up to `want` exchanges for what is left of this second, and takes back `unused` ones of an
-- earlier lease of today. Days are Vietnam's.
CREATE FUNCTION quota_lease(
  for_agreement text, per_second bigint, per_day bigint, want bigint, unused bigint, unused_day date,
  OUT granted bigint, OUT today date, OUT remaining_today bigint, OUT second_ms_left int, OUT day_seconds_left int
) LANGUAGE plpgsql AS $$
DECLARE
  instant timestamptz := clock_timestamp();
  local timestamp := instant AT TIME ZONE 'Asia/Ho_Chi_Minh';
  this_second bigint := floor(extract(epoch FROM instant));
  row quota_use;
BEGIN
  today := local::date;
  INSERT INTO quota_use VALUES (for_agreement, today, 0, this_second, 0) ON CONFLICT DO NOTHING;
  SELECT * INTO row FROM quota_use WHERE agreement = for_agreement FOR UPDATE;
  IF row.day <> today THEN
    row.used_today := 0;
  ELSIF unused_day = today THEN
    row.used_today := greatest(row.used_today - unused, 0);
  END IF;
  -- A writer whose clock reading waited behind the lock may come with an older second.
  this_second := greatest(this_second, row.second);
  IF row.second <> this_second THEN
    row.used_in_second := 0;
  END IF;
  granted := greatest(least(want, per_second - row.used_in_second, per_day - row.used_today), 0);
  UPDATE quota_use SET day = today, used_today = row.used_today + granted,
         second = this_second, used_in_second = row.used_in_second + granted
   WHERE agreement = for_agreement;
  remaining_today := greatest(per_day - row.used_today - granted, 0);
  second_ms_left := greatest(ceil((this_second + 1 - extract(epoch FROM instant)) * 1000)::int, 1);
  day_seconds_left := ceil(extract(epoch FROM (today + 1)::timestamp - local))::int;
END $$;
