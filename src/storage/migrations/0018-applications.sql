-- Applications for connection (đề nghị kết nối): what agencies wish to ask of whom, and all that was decided on it.
CREATE TABLE connection_application (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision integer NOT NULL DEFAULT 1,
  state text NOT NULL CHECK (state IN ('filed', 'incomplete', 'approved', 'refused', 'withdrawn')),
  consumer text NOT NULL,
  provider text NOT NULL,
  service text NOT NULL,
  filed_at timestamptz NOT NULL,
  due_at timestamptz CHECK ((due_at IS NOT NULL) = (state = 'filed')),
  content jsonb NOT NULL,
  -- Each with the exchange under which the log has it.
  events jsonb NOT NULL
);
CREATE INDEX connection_application_consumer ON connection_application (consumer);
CREATE INDEX connection_application_provider ON connection_application (provider);
CREATE INDEX connection_application_open ON connection_application (due_at) WHERE state IN ('filed', 'incomplete');
