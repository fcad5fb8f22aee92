-- The event log and its deliveries. Written by every emit, read by the dispatcher and the console.
CREATE TABLE kit_event (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  payload jsonb NOT NULL,
  actor_kind text NOT NULL,
  actor_id text NOT NULL,
  trace_id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  dispatched_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX kit_event_by_name ON kit_event (tenant_id, name, id DESC);
CREATE INDEX kit_event_by_trace ON kit_event (tenant_id, trace_id, id);
-- The two queues: events that nobody was told of yet, deliveries that are due.
CREATE INDEX kit_event_waiting ON kit_event (id) WHERE dispatched_at IS NULL;

CREATE TABLE kit_delivery (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_name text NOT NULL,
  handler text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  -- Not before then: at once at first, later with each failure.
  due_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, event_id, handler),
  FOREIGN KEY (tenant_id, event_id) REFERENCES kit_event (tenant_id, id)
);
CREATE INDEX kit_delivery_dead ON kit_delivery (tenant_id, event_id DESC) WHERE state = 'dead';
CREATE INDEX kit_delivery_due ON kit_delivery (due_at) WHERE state = 'pending';

CREATE TABLE kit_subscription (
  event_name text NOT NULL,
  handler text NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (event_name, handler)
);
