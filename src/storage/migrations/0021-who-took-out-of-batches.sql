-- Which erasure, by its record in the log, last took a person's tag out of a batch: without one, the tags are those that the
-- batch's own record commits to.
ALTER TABLE exchange_subjects ADD COLUMN erased_by uuid;
