-- Calls that may be repeated: one row per key that an account has used on a route, kept for a day.
CREATE TABLE kit_idempotency (
  tenant_id uuid NOT NULL,
  account text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  -- Of the request: the same key with another request is a mistake of the caller's.
  hash text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'unknown')),
  -- A call that still runs after this time died with its process.
  lease timestamptz(3) NOT NULL,
  -- A reply may show a secret once, and then never again. Null until it is done.
  reply_sealed text,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, account, route, key)
);
CREATE INDEX kit_idempotency_by_age ON kit_idempotency (created_at);
