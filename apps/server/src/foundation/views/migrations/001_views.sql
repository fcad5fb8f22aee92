-- additive
CREATE TABLE views_view (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  list text NOT NULL,
  name text NOT NULL,
  name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
  query jsonb NOT NULL,
  hidden text[] NOT NULL,
  is_dense boolean NOT NULL,
  is_shared boolean NOT NULL DEFAULT false,
  opens boolean NOT NULL,
  opening_list text GENERATED ALWAYS AS (CASE WHEN opens THEN list END) STORED,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT views_view_name UNIQUE (tenant_id, account_id, list, name_key),
  CONSTRAINT views_view_opens UNIQUE (tenant_id, account_id, opening_list)
);
COMMENT ON COLUMN views_view.query IS 'type Record<string, string>';
CREATE INDEX views_view_shared ON views_view (tenant_id, list) WHERE is_shared;
