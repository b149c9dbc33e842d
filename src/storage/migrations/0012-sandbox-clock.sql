-- By how much a sandbox's clock was advanced; nothing else than a sandbox reads it.
CREATE TABLE sandbox_clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  advanced_ms bigint NOT NULL
);
INSERT INTO sandbox_clock (advanced_ms) VALUES (0);
