-- Append-only: the highest version holds, the others are the history.
CREATE TABLE settings_value (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  key text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  value jsonb NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key, version)
);
