-- additive
-- A file whose rows are handed to a route one after the other. What a batch did and how far the import is are one
-- transaction.
CREATE TABLE imports_import (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  -- The route that takes the rows.
  target text NOT NULL,
  file_id uuid NOT NULL,
  file_name text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  format text NOT NULL CHECK (format IN ('xlsx', 'csv', 'csv-gbk')),
  language text NOT NULL CHECK (language IN ('zh', 'en')),
  -- Whose clock its times are of.
  zone text NOT NULL,
  phase text NOT NULL DEFAULT 'reading' CHECK (phase IN ('reading', 'checking', 'importing')),
  -- ready: whoever began it has to say how it goes on.
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'running', 'paused', 'ready', 'done', 'cancelled', 'failed')),
  -- What its task is about: each phase and resumption has another, so that a task of before does nothing more.
  turn uuid NOT NULL DEFAULT zg_id(),
  -- The file's rows as they were read, in the storage, until the import is forgotten.
  parts jsonb NOT NULL DEFAULT '[]',
  heads jsonb NOT NULL DEFAULT '[]',
  -- The field of each of the file's columns.
  mapping jsonb NOT NULL DEFAULT '[]',
  existing text NOT NULL DEFAULT 'skip' CHECK (existing IN ('skip', 'refuse', 'update')),
  rows integer,
  -- Of the phase: how many rows it went through, and what became of them.
  done integer NOT NULL DEFAULT 0,
  created integer NOT NULL DEFAULT 0,
  updated integer NOT NULL DEFAULT 0,
  skipped integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  -- What the check found, with the mapping as it is.
  checked jsonb,
  -- The file of rows that failed, and of how many it is.
  error_file_id uuid,
  error_file_rows integer,
  why jsonb,
  trace_id text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  ended_at timestamptz(3),
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, turn)
);
COMMENT ON COLUMN imports_import.parts IS 'type { id: string; rows: number }[]';
COMMENT ON COLUMN imports_import.heads IS 'type string[]';
COMMENT ON COLUMN imports_import.mapping IS 'type (string | null)[]';
COMMENT ON COLUMN imports_import.checked IS
  'type { created: number; updated: number; skipped: number; failed: number }';
COMMENT ON COLUMN imports_import.why IS 'type { zh: string; en: string }';
CREATE INDEX imports_import_by_account ON imports_import (tenant_id, account_id, id);
CREATE INDEX imports_import_by_state ON imports_import (tenant_id, state, id);
CREATE INDEX imports_import_by_content ON imports_import (tenant_id, target, sha256, id);
CREATE INDEX imports_import_by_expiry ON imports_import (tenant_id, expires_at, id);

-- Rows of the phase that weren't taken, by their numbers in the file.
CREATE TABLE imports_failure (
  tenant_id uuid NOT NULL,
  import_id uuid NOT NULL,
  row integer NOT NULL,
  errors jsonb NOT NULL,
  PRIMARY KEY (tenant_id, import_id, row),
  FOREIGN KEY (tenant_id, import_id) REFERENCES imports_import (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN imports_failure.errors IS 'type { column: number | null; text: { zh: string; en: string } }[]';

-- What the rows of a check are known by, as hashes: a check leaves nothing for the next row to meet, so it is told here
-- that two rows of one file are about one thing.
CREATE TABLE imports_key (
  tenant_id uuid NOT NULL,
  import_id uuid NOT NULL,
  key text NOT NULL,
  PRIMARY KEY (tenant_id, import_id, key),
  FOREIGN KEY (tenant_id, import_id) REFERENCES imports_import (tenant_id, id) ON DELETE CASCADE
);
