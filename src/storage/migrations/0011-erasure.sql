-- What records say of people stands apart from the log, so that it can be erased and every proof still holds; a hold
-- keeps a span of months from it.

-- The private part of those records that have one: keyed tags to search by, and the salted disclosures whose digests
-- stand in the leaf, under the data key. An erased row keeps nothing but by which record of the log it was erased.
CREATE TABLE exchange_private (
  exchange_id uuid PRIMARY KEY,
  subject_tag text,
  officer_tag text,
  dossier_tag text,
  sealed bytea,
  erased_by uuid,
  CHECK ((sealed IS NULL) = (erased_by IS NOT NULL))
) PARTITION BY RANGE (exchange_id);
CREATE INDEX exchange_private_subject ON exchange_private (subject_tag, exchange_id) WHERE subject_tag IS NOT NULL;
CREATE INDEX exchange_private_officer ON exchange_private (officer_tag, exchange_id) WHERE officer_tag IS NOT NULL;
CREATE INDEX exchange_private_dossier ON exchange_private (dossier_tag, exchange_id) WHERE dossier_tag IS NOT NULL;
CREATE TABLE exchange_private_default PARTITION OF exchange_private DEFAULT;

-- A destroyed key's row stays, so that the month gets no other key: it says by which record of the log all private
-- parts of the month were erased.
ALTER TABLE tag_key ALTER COLUMN sealed_key DROP NOT NULL;
ALTER TABLE tag_key ADD COLUMN erased_by uuid;
-- Whether something was erased in the month's part of exchange_private since it was written anew.
ALTER TABLE tag_key ADD COLUMN rewrite boolean NOT NULL DEFAULT false;
ALTER TABLE tag_key ADD CHECK ((sealed_key IS NULL) = (erased_by IS NOT NULL));

-- Up to which receipt everything of a provider that is due was erased.
CREATE TABLE retention_progress (
  provider text PRIMARY KEY,
  settled timestamptz NOT NULL
);

CREATE TABLE legal_hold (
  id text PRIMARY KEY,
  authority text NOT NULL,              -- who ordered it, by which document
  from_month text NOT NULL CHECK (from_month ~ '^\d{4}-\d{2}$'),
  to_month text NOT NULL CHECK (to_month ~ '^\d{4}-\d{2}$' AND to_month >= from_month),
  until_day date NOT NULL,              -- its last day, in Vietnam's time
  placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_at timestamptz
);
