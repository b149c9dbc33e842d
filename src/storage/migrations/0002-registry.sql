-- Who may ask whom for what. Every version stays readable: a document is written once, for the versions from
-- `since_version` to before `until_version`.

CREATE TABLE registry_version (
  version integer PRIMARY KEY CHECK (version > 0),
  digest text NOT NULL,             -- SHA-256 over the names and digests of all documents, hex
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_by text NOT NULL,
  note text NOT NULL
);

CREATE TABLE registry_document (
  kind text NOT NULL,
  id text NOT NULL,
  since_version integer NOT NULL REFERENCES registry_version,
  until_version integer REFERENCES registry_version CHECK (until_version > since_version),
  body text NOT NULL,               -- JSON with its members in the author's order
  digest text NOT NULL,             -- SHA-256 of its canonical form (RFC 8785), hex
  PRIMARY KEY (kind, id, since_version)
);
CREATE UNIQUE INDEX registry_document_current ON registry_document (kind, id) WHERE until_version IS NULL;
CREATE INDEX registry_document_since ON registry_document (since_version);
CREATE INDEX registry_document_until ON registry_document (until_version) WHERE until_version IS NOT NULL;
