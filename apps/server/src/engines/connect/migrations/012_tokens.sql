-- additive
-- What people see of an app's access token, and how often it was renewed by force: WeChat allows 20 times a day.
ALTER TABLE connect_token
  ADD obtained_at timestamptz(3),
  ADD source text CHECK (source IN ('wechat', 'forced', 'hand')),
  ADD tail text,
  ADD forced_on date,
  ADD forced_count smallint NOT NULL DEFAULT 0,
  ADD forced_at timestamptz(3),
  ADD failed_at timestamptz(3),
  ADD failed_because text,
  ADD failed_errcode integer;
COMMENT ON COLUMN connect_token.obtained_at IS 'When this value came; null before the first, and of one that an older server stored.';
COMMENT ON COLUMN connect_token.source IS 'Who gave it: WeChat when asked, WeChat when forced, or an administrator by hand; null as obtained_at.';
COMMENT ON COLUMN connect_token.tail IS 'Its last four characters, to tell one from another; null as obtained_at.';
COMMENT ON COLUMN connect_token.forced_on IS 'The day, by China''s clock, that forced_count counts; null: never forced.';
COMMENT ON COLUMN connect_token.forced_count IS 'How often WeChat was asked for another one by force on that day.';
COMMENT ON COLUMN connect_token.forced_at IS 'When it was last; null: never.';
COMMENT ON COLUMN connect_token.failed_at IS 'When WeChat last gave none; null: it has given one since, or never failed.';
COMMENT ON COLUMN connect_token.failed_because IS 'What was said then, without secrets; null as failed_at.';
COMMENT ON COLUMN connect_token.failed_errcode IS 'WeChat''s errcode of then; null as failed_at, or if nothing answered.';
