-- What went against the contracts, which of it is still so, and what bulk verifications found: small tables, kept for
-- years beside exchanges and jobs that are not. They hold names of the contracts and counts, never a value.

-- Broken rules by day. Processes add what they saw every few seconds.
CREATE TABLE contract_fault (
  day date NOT NULL,                   -- in Vietnam's time
  direction text NOT NULL CHECK (direction IN ('request', 'answer')),
  service text NOT NULL,
  operation text NOT NULL,
  party text NOT NULL,                 -- whose document broke it: the consumer's, or the provider's
  field text NOT NULL,                 -- JSON pointer, places in a list as *; '' is the document itself
  rule text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (day, direction, service, operation, party, field, rule)
);

-- A rule that a provider's answers break, from the first time on until they were right for some days.
CREATE TABLE data_incident (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  service text NOT NULL,
  operation text NOT NULL,
  field text NOT NULL,
  rule text NOT NULL,
  opened_on date NOT NULL,
  last_on date NOT NULL,
  closed_on date,                      -- the last of the days that showed it mended
  count bigint NOT NULL,
  CHECK (closed_on > last_on)
);
CREATE UNIQUE INDEX data_incident_open ON data_incident (service, operation, field, rule) WHERE closed_on IS NULL;

-- Results of bulk verifications that are done, by administrative unit; '' where the records name none.
CREATE TABLE cleaning_day (
  day date NOT NULL,                   -- on which the job was done, in Vietnam's time
  consumer text NOT NULL,
  service text NOT NULL,
  unit text NOT NULL,
  jobs bigint NOT NULL,                -- in the row of unit '' alone, so that they add up
  records bigint NOT NULL,
  matched bigint NOT NULL,
  differs bigint NOT NULL,
  not_found bigint NOT NULL,
  duplicate bigint NOT NULL,
  invalid bigint NOT NULL,
  group_1 bigint NOT NULL,             -- records with a fault of the error group
  group_2 bigint NOT NULL,
  group_3 bigint NOT NULL,
  group_4 bigint NOT NULL,
  group_5 bigint NOT NULL,
  group_6 bigint NOT NULL,
  group_7 bigint NOT NULL,
  group_8 bigint NOT NULL,
  accurate bigint NOT NULL,            -- records that fail the criterion
  complete bigint NOT NULL,
  clean bigint NOT NULL,
  live bigint NOT NULL,
  consistent bigint NOT NULL,
  PRIMARY KEY (day, consumer, service, unit)
);
