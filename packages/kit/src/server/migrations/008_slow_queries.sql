-- additive
-- Statements that took long, without the values that they were given. The platform's: tenants don't see it.
CREATE TABLE kit_slow_query (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- When it began.
  at timestamptz(3) NOT NULL,
  duration_ms integer NOT NULL,
  -- Of that, how long it was seen waiting for somebody else's lock.
  lock_ms integer NOT NULL,
  rows integer NOT NULL,
  login text NOT NULL,
  database text NOT NULL,
  text text NOT NULL
);
CREATE INDEX kit_slow_query_by_time ON kit_slow_query (at);
