-- additive
-- A bulk action that the server goes on with by itself. What a step did and how far it came are one transaction.
CREATE TABLE work_run (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  route text NOT NULL,
  asked jsonb NOT NULL,
  trace_id text NOT NULL,
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'running', 'paused', 'done', 'cancelled', 'failed')),
  -- What its task is about: each resumption has another, so that a task of before, still under way, does nothing more.
  turn uuid NOT NULL DEFAULT zg_id(),
  -- The last row that was done: the next step begins behind it.
  after uuid,
  -- How many rows matched at its start, as far as they were counted.
  expected integer,
  is_more boolean NOT NULL DEFAULT false,
  done integer NOT NULL DEFAULT 0,
  passed jsonb NOT NULL DEFAULT '{}',
  gone integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  failures jsonb NOT NULL DEFAULT '[]',
  why jsonb,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  started_at timestamptz(3),
  ended_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, turn)
);
COMMENT ON COLUMN work_run.asked IS
  'type { params: Record<string, unknown>; query: Record<string, unknown>; body: Record<string, unknown> }';
COMMENT ON COLUMN work_run.passed IS 'type Record<string, number>';
COMMENT ON COLUMN work_run.failures IS 'type { id: string; name: string; why: { zh: string; en: string } }[]';
COMMENT ON COLUMN work_run.why IS 'type { zh: string; en: string }';
CREATE INDEX work_run_by_account ON work_run (tenant_id, account_id, id);
CREATE INDEX work_run_by_state ON work_run (tenant_id, state, id);
CREATE INDEX work_run_by_end ON work_run (tenant_id, ended_at);
