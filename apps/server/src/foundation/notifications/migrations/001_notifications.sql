-- additive
CREATE TABLE notifications_notice (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  account_id uuid NOT NULL,
  kind text NOT NULL,
  -- What it is about: the same is told once.
  key text NOT NULL,
  payload jsonb NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT zg_now(),
  read_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT notifications_notice_once UNIQUE (tenant_id, account_id, kind, key)
);
COMMENT ON COLUMN notifications_notice.payload IS 'type Record<string, unknown>';
CREATE INDEX notifications_notice_by_time ON notifications_notice (tenant_id, account_id, at, id);
CREATE INDEX notifications_notice_unread ON notifications_notice (tenant_id, account_id, at, id)
  WHERE read_at IS NULL;
CREATE INDEX notifications_notice_old ON notifications_notice (tenant_id, at);

-- What an account doesn't want to be told of.
CREATE TABLE notifications_unwanted (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  account_id uuid NOT NULL,
  kind text NOT NULL,
  PRIMARY KEY (tenant_id, account_id, kind)
);
