-- additive
-- What programs call with. The secret itself is told once and kept nowhere.
CREATE TABLE keys_key (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  -- How the secret ends, so that people can tell which one they have before them.
  hint text NOT NULL,
  secret_hash text NOT NULL,
  -- The secret before the last change, and how long it still opens.
  former_hash text,
  former_until timestamptz(3),
  permissions text[] NOT NULL,
  effects text[] NOT NULL,
  -- Addresses and networks that calls may come from; anywhere if there are none.
  networks text[] NOT NULL DEFAULT '{}',
  per_minute integer NOT NULL,
  per_day integer,
  expires_at timestamptz(3),
  disabled boolean NOT NULL DEFAULT false,
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  CHECK ((former_hash IS NULL) = (former_until IS NULL))
);
SELECT zg_make_searchable('keys_key', 'name');

-- Calls by day, in the tenant's zone.
CREATE TABLE keys_use (
  tenant_id uuid NOT NULL,
  key_id uuid NOT NULL,
  day date NOT NULL,
  calls integer NOT NULL,
  last_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, key_id, day),
  FOREIGN KEY (tenant_id, key_id) REFERENCES keys_key (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX keys_use_by_day ON keys_use (tenant_id, day);
