-- additive
-- What WeChat tells of people, for each app and openid: the follow and its scene; the name and picture that they agreed
-- to tell on a page.
CREATE TABLE audience_profile (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  wechat_app_id uuid NOT NULL,
  openid text NOT NULL,
  unionid text,
  nickname text,
  picture_url text,
  agreed_at timestamptz(3),
  followed_at timestamptz(3),
  follow_scene text,
  language text,
  remark text,
  tag_ids jsonb,
  fetched_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wechat_app_id, openid)
);
COMMENT ON TABLE audience_profile IS 'What WeChat tells of somebody by their openid (B-59). Rows are made by asking WeChat, and by people who agree on a page.';
COMMENT ON COLUMN audience_profile.wechat_app_id IS 'The app, by its id in connect.';
COMMENT ON COLUMN audience_profile.openid IS 'As WeChat calls them for the app.';
COMMENT ON COLUMN audience_profile.unionid IS 'The same for all apps of an open platform account; null: none told.';
COMMENT ON COLUMN audience_profile.nickname IS 'The name that they agreed to tell on a page; null: never.';
COMMENT ON COLUMN audience_profile.picture_url IS 'Where their picture was then; null: never told, or none.';
COMMENT ON COLUMN audience_profile.agreed_at IS 'When they agreed to that; null: never.';
COMMENT ON COLUMN audience_profile.followed_at IS 'When they followed, by WeChat; null: not told.';
COMMENT ON COLUMN audience_profile.follow_scene IS 'How they came to follow, in WeChat''s word such as ADD_SCENE_QR_CODE; null: not told.';
COMMENT ON COLUMN audience_profile.language IS 'Their WeChat''s language; null: not told.';
COMMENT ON COLUMN audience_profile.remark IS 'What the account calls them at WeChat; null: nothing.';
COMMENT ON COLUMN audience_profile.tag_ids IS 'Their tags at WeChat; null: not told. {type number[]}';
COMMENT ON COLUMN audience_profile.fetched_at IS 'When WeChat was last asked for what a follower''s row has; null: not yet.';
