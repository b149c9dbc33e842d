-- What was handed over in packages, by day: how many records and bytes one holds stands in its manifest and record, and
-- in no other count.
CREATE TABLE package_day (
  day date NOT NULL,                   -- of the hand-over, in Vietnam's time
  consumer text NOT NULL,
  service text NOT NULL,
  operation text NOT NULL,
  packages bigint NOT NULL,
  records bigint NOT NULL,
  bytes bigint NOT NULL,               -- before encryption
  PRIMARY KEY (day, consumer, service, operation)
);
