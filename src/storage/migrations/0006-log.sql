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
