-- What exchanges are judged by. `ledger_head.authority` is its number; whatever takes a right away moves the
-- number on in its own transaction, and the log takes no delivery judged under another number.

CREATE FUNCTION authority_advance() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  advanced bigint;
BEGIN
  UPDATE ledger_head SET authority = authority + 1 RETURNING authority INTO advanced;
  PERFORM pg_notify('registry_changed', (SELECT coalesce(max(version), 0) FROM registry_version)::text);
  RETURN advanced;
END $$;

-- The processes that release answers. A revocation is acknowledged once each has confirmed its number, or
-- has not moved its beat for as long as a lease lasts.
CREATE TABLE gateway_process (
  process integer PRIMARY KEY,
  authority bigint NOT NULL DEFAULT 0,  -- it releases nothing judged under less than this
  beat bigint NOT NULL DEFAULT 0
);

CREATE TABLE token_revocation (
  token_digest text PRIMARY KEY,        -- SHA-256 of the token's jti, base64url, as in the records
  authority bigint NOT NULL,            -- the number that took it away
  expires_at timestamptz NOT NULL
);
CREATE INDEX token_revocation_authority ON token_revocation (authority);
