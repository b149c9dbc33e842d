-- Whom a batch asked about: their keyed tags one behind the other, 16 bytes each, written with the batch's record. The
-- key is the month's, so that they die with it. Nothing but the search for a data subject reads them.
CREATE TABLE exchange_subjects (
  exchange_id uuid PRIMARY KEY,
  tags bytea NOT NULL
);
-- They look random: trying to compress them is labour lost.
ALTER TABLE exchange_subjects ALTER COLUMN tags SET STORAGE EXTERNAL;
