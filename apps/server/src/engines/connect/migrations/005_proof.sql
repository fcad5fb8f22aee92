-- Whose an AppID is says WeChat alone: it has given a token for it and the app's secret. Before that anybody may write
-- any AppID down, so that writing down somebody else's neither takes it from them nor tells that it is theirs.
ALTER TABLE connect_app ADD proven_at timestamptz(3);
UPDATE connect_app SET proven_at = zg_now()
WHERE EXISTS (SELECT FROM connect_token t WHERE t.wechat_app_id = connect_app.id AND t.value_sealed IS NOT NULL);
DROP INDEX connect_app_by_app_id;
CREATE UNIQUE INDEX connect_app_once ON connect_app (tenant_id, app_id);
-- One account pushes to one address, so it belongs to one tenant.
CREATE UNIQUE INDEX connect_app_proven ON connect_app (app_id) WHERE proven_at IS NOT NULL;
