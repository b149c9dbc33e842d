-- A leader's own signature over a decision on an application: the text byte by byte, CMS in DER, certificates in PEM.
ALTER TABLE connection_application
  ADD COLUMN decision_text text,
  ADD COLUMN decision_signature bytea,
  ADD COLUMN decision_chain text,
  ADD CHECK ((decision_signature IS NULL) = (decision_chain IS NULL)),
  ADD CHECK (decision_signature IS NULL OR (decision_text IS NOT NULL AND state IN ('approved', 'refused')));
