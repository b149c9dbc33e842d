-- Lists that the two sides of a service hand in to be held against each other, encrypted.
CREATE TABLE reconciliation_list (
  service text NOT NULL,
  consumer text NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL,
  side text NOT NULL CHECK (side IN ('consumer', 'provider')),
  handed_in_at timestamptz NOT NULL,
  sealed_items bytea NOT NULL,
  PRIMARY KEY (service, consumer, first_day, last_day, side)
);
CREATE INDEX reconciliation_list_age ON reconciliation_list (handed_in_at);
