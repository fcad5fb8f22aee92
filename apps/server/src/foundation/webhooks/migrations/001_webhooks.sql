-- additive
-- Where a business wants to be told of what happens here.
CREATE TABLE webhooks_endpoint (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  url text NOT NULL,
  events text[] NOT NULL,
  is_ordered boolean NOT NULL DEFAULT false,
  -- JSON of names and values; the names alone are shown.
  headers_sealed text,
  header_names text[] NOT NULL DEFAULT '{}',
  secret_sealed text NOT NULL,
  -- How the secret ends, so that people can tell which one they have before them.
  secret_hint text NOT NULL,
  -- The secret before the last change, and how long it still signs beside the new one.
  former_sealed text,
  former_until timestamptz(3),
  enabled boolean NOT NULL DEFAULT true,
  disabled_because text CHECK (disabled_because IN ('by_hand', 'gone', 'failing')),
  disabled_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  CHECK ((former_sealed IS NULL) = (former_until IS NULL)),
  CHECK (enabled = (disabled_because IS NULL)),
  CHECK (enabled = (disabled_at IS NULL))
);
SELECT zg_make_searchable('webhooks_endpoint', 'name');

-- How an endpoint fares: written with every attempt, so apart from what people set up.
CREATE TABLE webhooks_health (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  last_success_at timestamptz(3),
  failing_since timestamptz(3),
  failures integer NOT NULL DEFAULT 0,
  -- Until then others wait for how the next one fares.
  held_until timestamptz(3),
  PRIMARY KEY (tenant_id, endpoint_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhooks_endpoint (tenant_id, id) ON DELETE CASCADE
);

-- One event for one endpoint. Without a key to the endpoint: when that goes, its deliveries follow in batches.
CREATE TABLE webhooks_delivery (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id uuid NOT NULL,
  event_name text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'paused', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  -- Of them, since it was first sent or sent again: where it is in the schedule.
  tries integer NOT NULL DEFAULT 0,
  next_at timestamptz(3),
  -- How the last attempt ended.
  outcome text,
  status integer,
  took_ms integer,
  delivered_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  -- An event that is handled again makes no second delivery.
  UNIQUE (tenant_id, endpoint_id, event_id)
);
CREATE INDEX webhooks_delivery_by_endpoint ON webhooks_delivery (tenant_id, endpoint_id, id);
CREATE INDEX webhooks_delivery_by_state ON webhooks_delivery (tenant_id, state, id);
CREATE INDEX webhooks_delivery_by_event ON webhooks_delivery (tenant_id, event_name, id);
CREATE INDEX webhooks_delivery_waiting ON webhooks_delivery (tenant_id, endpoint_id, state, id)
  WHERE state IN ('waiting', 'paused');

CREATE TABLE webhooks_attempt (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  delivery_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  ok boolean NOT NULL,
  outcome text NOT NULL,
  status integer,
  took_ms integer NOT NULL,
  -- How the answer began, or what was wrong.
  excerpt text NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhooks_delivery (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhooks_attempt_by_delivery ON webhooks_attempt (tenant_id, delivery_id, id);
CREATE INDEX webhooks_attempt_by_endpoint ON webhooks_attempt (tenant_id, endpoint_id, id);
