-- additive
-- A list that is made into a file in the background. What is made lies in the storage as parts, until it is whole.
CREATE TABLE exports_export (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  list text NOT NULL,
  asked jsonb NOT NULL,
  columns jsonb NOT NULL,
  format text NOT NULL CHECK (format IN ('xlsx', 'csv', 'csv-gbk')),
  language text NOT NULL CHECK (language IN ('zh', 'en')),
  zone text NOT NULL,
  -- What makes it the same as another one of its day: see sameness.ts.
  same text NOT NULL,
  day date NOT NULL,
  trace_id text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'paused', 'done', 'failed')),
  -- What its task is about: each resumption has another, so that a task of before does nothing more.
  turn uuid NOT NULL DEFAULT zg_id(),
  -- How far it is: the next page, the parts in their order, and what the writer has to know. One statement changes all.
  cursor text,
  parts jsonb NOT NULL DEFAULT '[]',
  writer jsonb NOT NULL DEFAULT '{"rows": 0, "sheets": []}',
  rows integer NOT NULL DEFAULT 0,
  size_bytes bigint NOT NULL DEFAULT 0,
  is_read boolean NOT NULL DEFAULT false,
  expected integer,
  file_id uuid,
  why jsonb,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  ended_at timestamptz(3),
  expires_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, turn)
);
COMMENT ON COLUMN exports_export.asked IS
  'type { params: Record<string, unknown>; query: Record<string, unknown> }';
COMMENT ON COLUMN exports_export.columns IS 'type string[]';
COMMENT ON COLUMN exports_export.parts IS 'type string[]';
COMMENT ON COLUMN exports_export.writer IS 'type WriterState from @zhanggui/kit/server/export/writer';
COMMENT ON COLUMN exports_export.why IS 'type { zh: string; en: string }';
CREATE INDEX exports_export_by_account ON exports_export (tenant_id, account_id, id);
CREATE INDEX exports_export_by_sameness ON exports_export (tenant_id, same, day, id);
CREATE INDEX exports_export_by_state ON exports_export (tenant_id, state, id);
CREATE INDEX exports_export_by_expiry ON exports_export (tenant_id, expires_at, id);
