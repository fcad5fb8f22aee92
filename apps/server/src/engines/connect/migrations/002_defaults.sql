-- Times in milliseconds (see kit/002_defaults.sql), ids and birthdays by default.
ALTER TABLE connect_app
  ALTER id SET DEFAULT zg_id(),
  ALTER verified_at TYPE timestamptz(3),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE connect_token
  ALTER expires_at TYPE timestamptz(3),
  ALTER lease_until TYPE timestamptz(3);
ALTER TABLE connect_channel
  ALTER id SET DEFAULT zg_id(),
  ALTER expires_at TYPE timestamptz(3),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE connect_inbound
  ALTER id SET DEFAULT zg_id(),
  ALTER sent_at TYPE timestamptz(3),
  ALTER received_at TYPE timestamptz(3);

-- What the jsonb columns hold (read by `./zg tables`).
COMMENT ON COLUMN connect_inbound.content IS 'type Record<string, unknown>';
COMMENT ON COLUMN connect_inbound.reply IS 'type PassiveReply from @zhanggui/wechat/reply';
