-- additive
-- Several files as one zip, made in the background. Each is packed as a part; then the zip is its parts.
CREATE TABLE archives_archive (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  name text NOT NULL,
  -- What goes into it, in its order: names are safe and unique.
  contents jsonb NOT NULL,
  -- What is packed: one part for each of the contents, from the first on.
  parts jsonb NOT NULL DEFAULT '[]',
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'paused', 'done', 'failed')),
  -- What its task is about: each resumption has another, so that a task of before does nothing more.
  turn uuid NOT NULL DEFAULT zg_id(),
  size_bytes bigint NOT NULL DEFAULT 0,
  file_id uuid,
  why jsonb,
  trace_id text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  ended_at timestamptz(3),
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, turn)
);
COMMENT ON COLUMN archives_archive.contents IS 'type { fileId: string; name: string; exportId: string | null }[]';
COMMENT ON COLUMN archives_archive.parts IS
  'type { id: string; crc: number; rawBytes: number; packedBytes: number }[]';
COMMENT ON COLUMN archives_archive.why IS 'type { zh: string; en: string }';
CREATE INDEX archives_archive_by_account ON archives_archive (tenant_id, account_id, id);
CREATE INDEX archives_archive_by_state ON archives_archive (tenant_id, state, id);
CREATE INDEX archives_archive_by_expiry ON archives_archive (tenant_id, expires_at, id);
