-- What may be used once (client assertions, DPoP proofs), by SHA-256; shared by all processes.
CREATE TABLE replay_claim (
  digest bytea PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CREATE INDEX replay_claim_expiry ON replay_claim (expires_at);
