-- The log as others check it: the Merkle tree's hashes in tiles (c2sp.org/tlog-tiles), and signed checkpoints.

-- A full tile has 256 hashes of 32 bytes; the rightmost of each level grows until it is full.
CREATE TABLE log_tile (
  level smallint NOT NULL,
  n bigint NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (level, n)
);
-- Hashes cannot be compressed; without the attempt they are read and written faster.
ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Signed notes with their cosignatures. The last one signed is kept outside the database too; where the two
-- differ the one outside counts.
CREATE TABLE log_checkpoint (
  size bigint PRIMARY KEY,
  note text NOT NULL,
  signed_at timestamptz NOT NULL,
  cosigned boolean NOT NULL
);
CREATE INDEX log_checkpoint_cosigned ON log_checkpoint (size) WHERE cosigned;

-- How far the log is attested: by its key and, where witnesses are configured, by a quorum of them. Every process
-- looks here whether exchanges may go on.
CREATE TABLE log_standing (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  attested_size bigint NOT NULL DEFAULT 0,
  refused_since timestamptz         -- while the log is not signed because it is not what was signed
);
INSERT INTO log_standing DEFAULT VALUES;

-- The size each witness has cosigned last, by the id of its key: where the next consistency proof starts.
CREATE TABLE log_witness (
  key text PRIMARY KEY,
  size bigint NOT NULL,
  cosigned_at timestamptz NOT NULL
);

-- Time stamps (RFC 3161) over the notes of checkpoints, as the authority gave them.
CREATE TABLE log_timestamp (
  size bigint NOT NULL,
  authority text NOT NULL,
  at timestamptz NOT NULL,
  note text NOT NULL,               -- the bytes it is over; cosignatures may have come later
  token bytea NOT NULL,             -- TimeStampResp, DER
  PRIMARY KEY (size, authority)
);
