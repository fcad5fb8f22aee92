-- additive
-- What people upload and the server makes. The bytes lie in the storage, by the file's id.
CREATE TABLE files_file (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  -- By its content, whatever its sender called it.
  type text NOT NULL,
  size_bytes bigint NOT NULL DEFAULT 0,
  -- Of the bytes as they are stored; null while they come in.
  sha256 text,
  has_thumbnail boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'incoming' CHECK (state IN ('incoming', 'ready')),
  -- Whoever uploaded it; null for what the server made.
  account_id uuid,
  -- By how many things it is used: see files_use.
  uses integer NOT NULL DEFAULT 0 CHECK (uses >= 0),
  expires_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX files_file_by_account ON files_file (tenant_id, account_id, id);
CREATE INDEX files_file_by_type ON files_file (tenant_id, type, id);
CREATE INDEX files_file_by_size ON files_file (tenant_id, size_bytes, id);
CREATE INDEX files_file_by_expiry ON files_file (tenant_id, expires_at, id);
CREATE INDEX files_file_unused ON files_file (tenant_id, id) WHERE uses = 0;
SELECT zg_make_searchable('files_file', 'name');

-- What a file is kept for. It goes when nothing uses it any more.
CREATE TABLE files_use (
  tenant_id uuid NOT NULL,
  file_id uuid NOT NULL,
  -- What uses it, as `<module>.<what>`, and which one.
  used_by text NOT NULL,
  ref uuid NOT NULL,
  label jsonb NOT NULL,
  PRIMARY KEY (tenant_id, file_id, used_by, ref),
  FOREIGN KEY (tenant_id, file_id) REFERENCES files_file (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN files_use.label IS 'type { zh: string; en: string }';

-- Links that are good for one download. Those that are good for many need no row: their signature says all.
CREATE TABLE files_pass (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  file_id uuid NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, file_id) REFERENCES files_file (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX files_pass_by_expiry ON files_pass (tenant_id, expires_at);
CREATE INDEX files_pass_by_file ON files_pass (tenant_id, file_id);
