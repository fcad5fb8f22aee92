-- additive
-- What comes in piece by piece (tus 1.0), until it is whole and becomes a file. Its pieces lie in the storage as parts.
CREATE TABLE files_upload (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  name text NOT NULL,
  -- As its sender declared it.
  size_bytes bigint NOT NULL,
  offset_bytes bigint NOT NULL DEFAULT 0,
  parts jsonb NOT NULL DEFAULT '[]',
  file_id uuid,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN files_upload.parts IS 'type string[]';
CREATE INDEX files_upload_by_account ON files_upload (tenant_id, account_id, id);
CREATE INDEX files_upload_by_expiry ON files_upload (tenant_id, expires_at, id);
