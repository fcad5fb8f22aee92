-- additive
-- Sign-ins by WeChat. An older server reads them as it does others, so they have a channel that it knows.
ALTER TABLE customers_session ADD wechat_app_id uuid;
COMMENT ON COLUMN customers_session.channel IS 'By what the code came that they signed in with; of a sign-in by WeChat it means nothing.';
COMMENT ON COLUMN customers_session.wechat_app_id IS 'The account by which they signed in at WeChat; null: they signed in with a code.';

CREATE TABLE customers_used_state (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  state_hash text NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, state_hash)
);
CREATE INDEX customers_used_state_by_time ON customers_used_state (tenant_id, at);
COMMENT ON TABLE customers_used_state IS 'Ways to WeChat and back that have come to their end: each is good once. Rows of yesterday go with the next one.';
COMMENT ON COLUMN customers_used_state.state_hash IS 'SHA-256 of the text that came back with the browser.';
COMMENT ON COLUMN customers_used_state.at IS 'When it came back.';
