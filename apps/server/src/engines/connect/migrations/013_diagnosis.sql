-- additive
-- How often call quotas were reset: WeChat allows ten a month and never tells how many are left.
CREATE TABLE connect_quota_reset (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  path text,
  outcome text NOT NULL DEFAULT 'unknown' CHECK (outcome IN ('unknown', 'done', 'refused')),
  errcode integer,
  by_name text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);
CREATE INDEX connect_quota_reset_by_app ON connect_quota_reset (tenant_id, wechat_app_id, at);
COMMENT ON TABLE connect_quota_reset IS 'Each time somebody had WeChat reset call quotas, written before WeChat was asked.';
COMMENT ON COLUMN connect_quota_reset.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_quota_reset.path IS 'The call whose quota it was, such as /cgi-bin/user/info; null: all of them.';
COMMENT ON COLUMN connect_quota_reset.outcome IS '`unknown`: no answer came, so it may have been done.';
COMMENT ON COLUMN connect_quota_reset.errcode IS 'Why WeChat refused: 48006 says that the month''s are used up; null if it didn''t.';
COMMENT ON COLUMN connect_quota_reset.by_name IS 'Who asked, as they were called then.';
COMMENT ON COLUMN connect_quota_reset.at IS 'When, by the server''s clock.';

CREATE TABLE connect_check (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  "check" text NOT NULL,
  ran_at timestamptz(3) NOT NULL,
  result jsonb NOT NULL,
  PRIMARY KEY (tenant_id, wechat_app_id, "check"),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);
COMMENT ON TABLE connect_check IS 'What each check of an app found when somebody last ran it.';
COMMENT ON COLUMN connect_check.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_check."check" IS 'Which check, such as `allow_list`.';
COMMENT ON COLUMN connect_check.ran_at IS 'When it ran.';
COMMENT ON COLUMN connect_check.result IS 'What it found, and what to do. {type CheckResult from ./diagnosis.contract.ts}';

CREATE TABLE connect_push_refusal (
  tenant_id uuid NOT NULL,
  wechat_app_id uuid NOT NULL,
  reason text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, wechat_app_id),
  FOREIGN KEY (tenant_id, wechat_app_id) REFERENCES connect_app (tenant_id, id)
);
COMMENT ON TABLE connect_push_refusal IS 'The last push to an app''s address that was refused: it tells which of address, token and key is wrong.';
COMMENT ON COLUMN connect_push_refusal.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_push_refusal.reason IS 'Why, in one word of packages/wechat, such as `signature`.';
COMMENT ON COLUMN connect_push_refusal.at IS 'When; at most one in ten seconds is noted.';
