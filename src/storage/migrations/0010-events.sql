-- Events that providers publish, who wants to be told of them, and what is still to be told.

-- How far the sequence goes. The row's lock makes one order of all that is placed, so whoever reads up to a
-- sequence never misses a smaller one that is committed later.
CREATE TABLE event_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last bigint NOT NULL
);
INSERT INTO event_head (last) VALUES (0);

CREATE TABLE event (
  slot bytea PRIMARY KEY,              -- SHA-256 of service, source and id
  exchange_id uuid NOT NULL,           -- of the publication
  digest bytea NOT NULL,               -- keyed: tells a repetition from another content under the same id
  sequence bigint UNIQUE,              -- absent until the publication's record is durable
  service text NOT NULL,
  type text NOT NULL,
  order_key bytea NOT NULL,            -- keyed tag of whom or what it tells of; its own where that is not known
  happened_at timestamptz NOT NULL,    -- the event's own time
  received_at timestamptz NOT NULL DEFAULT now(),
  sealed bytea NOT NULL                -- the CloudEvent, encrypted
);
CREATE INDEX event_feed ON event (service, type, sequence);
CREATE INDEX event_happened ON event (service, type, happened_at);
CREATE INDEX event_received ON event (received_at);
CREATE INDEX event_unplaced ON event (exchange_id) WHERE sequence IS NULL;

-- When the newest event of each type happened, and how far events of it were deleted: kept though the events are not.
CREATE TABLE event_newest (
  service text NOT NULL,
  type text NOT NULL,
  happened_at timestamptz NOT NULL,
  deleted_to bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (service, type)
);

CREATE TABLE subscription (
  id uuid PRIMARY KEY,
  consumer text NOT NULL,
  service text NOT NULL,
  types text[] NOT NULL,
  purpose text NOT NULL,
  fields text[],
  details jsonb,                       -- what the token was narrowed to that it was made with
  binding text NOT NULL,
  token text NOT NULL,                 -- SHA-256 of that token's jti
  mode text NOT NULL CHECK (mode IN ('push', 'pull')),
  url text,
  sealed_secrets bytea,
  state text NOT NULL CHECK (state IN ('active', 'paused', 'stopped')),
  stopped_by text,
  created_at timestamptz NOT NULL,
  cursor bigint NOT NULL,
  failures integer NOT NULL DEFAULT 0, -- of its receiver, in a row
  due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX subscription_consumer ON subscription (consumer, created_at);
CREATE INDEX subscription_wants ON subscription (service) WHERE mode = 'push';

CREATE TABLE event_delivery (
  subscription uuid NOT NULL REFERENCES subscription ON DELETE CASCADE,
  sequence bigint NOT NULL REFERENCES event (sequence) ON DELETE CASCADE,
  order_key bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'sending', 'delivered', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  process integer,                     -- that is sending it
  replayed boolean NOT NULL DEFAULT false,
  code text,                           -- why the last try failed
  ended_at timestamptz,
  PRIMARY KEY (subscription, sequence)
);
CREATE INDEX event_delivery_due ON event_delivery (subscription, sequence) WHERE state = 'waiting';
CREATE INDEX event_delivery_order ON event_delivery (subscription, order_key, sequence) WHERE state IN ('waiting', 'sending');
CREATE INDEX event_delivery_sending ON event_delivery (subscription) WHERE state = 'sending';
CREATE INDEX event_delivery_dead ON event_delivery (subscription, sequence) WHERE state = 'dead';
CREATE INDEX event_delivery_sequence ON event_delivery (sequence);

-- Gives an event its place and each push subscription that wants it a delivery. The statements after the lock
-- see whatever subscription was committed before it was got.
CREATE FUNCTION place_event(of_slot bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
BEGIN
  UPDATE event_head SET last = last + 1 RETURNING last INTO place;
  UPDATE event SET sequence = place WHERE slot = of_slot AND sequence IS NULL;
  IF NOT FOUND THEN
    UPDATE event_head SET last = last - 1;
    RETURN (SELECT sequence FROM event WHERE slot = of_slot);
  END IF;
  INSERT INTO event_delivery (subscription, sequence, order_key, state)
    SELECT s.id, place, e.order_key, 'waiting'
      FROM event e JOIN subscription s ON s.service = e.service AND e.type = ANY (s.types) AND s.mode = 'push'
     WHERE e.slot = of_slot;
  INSERT INTO event_newest (service, type, happened_at)
    SELECT service, type, happened_at FROM event WHERE slot = of_slot
    ON CONFLICT (service, type) DO UPDATE SET happened_at = greatest(event_newest.happened_at, excluded.happened_at);
  RETURN place;
END $$;
