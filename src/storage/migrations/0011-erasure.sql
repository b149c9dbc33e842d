-- Personal data is erased by destroying the keys of its tags; a hold keeps a span of months from it.

-- A destroyed key's row stays, so that the month gets no other key.
ALTER TABLE tag_key ALTER COLUMN sealed_key DROP NOT NULL;
ALTER TABLE tag_key ADD COLUMN destroyed_at timestamptz;
ALTER TABLE tag_key ADD CHECK ((sealed_key IS NULL) = (destroyed_at IS NOT NULL));

CREATE TABLE legal_hold (
  id text PRIMARY KEY,
  authority text NOT NULL,              -- who ordered it, by which document
  from_month text NOT NULL CHECK (from_month ~ '^\d{4}-\d{2}$'),
  to_month text NOT NULL CHECK (to_month ~ '^\d{4}-\d{2}$' AND to_month >= from_month),
  until_day date NOT NULL,              -- its last day, in Vietnam's time
  placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_at timestamptz
);
