-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE connect_app IS 'WeChat apps that a tenant has bound. An unbound one keeps its row: its people and messages still name it.';
COMMENT ON COLUMN connect_app.name IS 'As operators call it.';
COMMENT ON COLUMN connect_app.app_id IS 'WeChat''s AppID, `wx…`.';
COMMENT ON COLUMN connect_app.mode IS 'How WeChat sends its pushes: as they are, both ways, or encrypted.';
COMMENT ON COLUMN connect_app.secret_sealed IS 'The AppSecret, sealed.';
COMMENT ON COLUMN connect_app.push_token_sealed IS 'The token of the callback address, sealed.';
COMMENT ON COLUMN connect_app.aes_key_sealed IS 'The EncodingAESKey, sealed; null in mode plain.';
COMMENT ON COLUMN connect_app.disabled IS 'Switched off by somebody.';
COMMENT ON COLUMN connect_app.verified_at IS 'When WeChat checked the callback address; null: not yet, or not since it changed.';
COMMENT ON COLUMN connect_app.proven_at IS 'When WeChat gave a token for AppID and secret: only then it is this tenant''s. Null: not yet.';
COMMENT ON COLUMN connect_app.unbound_at IS 'When it was unbound; null: it is bound.';

COMMENT ON TABLE connect_channel IS 'QR codes by which people come in. One that is off answers as one that nobody knows.';
COMMENT ON COLUMN connect_channel.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_channel.name IS 'As operators call it; unique for the app.';
COMMENT ON COLUMN connect_channel.scene IS 'The text in the code that tells it.';
COMMENT ON COLUMN connect_channel.ticket IS 'WeChat''s ticket for its picture.';
COMMENT ON COLUMN connect_channel.qr_url IS 'What the code says.';
COMMENT ON COLUMN connect_channel.expires_at IS 'From when WeChat knows it no more; null: never.';
COMMENT ON COLUMN connect_channel.leader_name IS 'Whose it is, as a name.';
COMMENT ON COLUMN connect_channel.leader_mail IS 'Where that one is told; may be empty.';
COMMENT ON COLUMN connect_channel.enabled IS 'Whether it is on.';

COMMENT ON TABLE connect_channel_count IS 'A channel''s figures, in parts that are added up so that a busy one isn''t one row; a trigger counts.';
COMMENT ON COLUMN connect_channel_count.channel_id IS 'The channel.';
COMMENT ON COLUMN connect_channel_count.part IS 'From 0; no meaning of its own.';
COMMENT ON COLUMN connect_channel_count.scans IS 'How often it was scanned.';
COMMENT ON COLUMN connect_channel_count.people IS 'By how many different people.';

COMMENT ON TABLE connect_channel_visitor IS 'Who has come in by a channel, for counting each once.';
COMMENT ON COLUMN connect_channel_visitor.channel_id IS 'The channel.';
COMMENT ON COLUMN connect_channel_visitor.openid IS 'The person, as WeChat calls them for the app.';

COMMENT ON TABLE connect_conversation IS 'Who wrote, one row a person and app: what they said last, and whether somebody owes an answer.';
COMMENT ON COLUMN connect_conversation.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_conversation.openid IS 'The person, as WeChat calls them for the app.';
COMMENT ON COLUMN connect_conversation.state IS '`missed`: nobody answered while they could be answered; `left`: they follow no more.';
COMMENT ON COLUMN connect_conversation.waiting_since IS 'When they wrote what nothing has answered yet; null: nobody waits.';
COMMENT ON COLUMN connect_conversation.settled_by IS 'What answered or closed it: `messaging.rule:<id>`, or an account''s id; null: nothing.';
COMMENT ON COLUMN connect_conversation.settled_name IS 'That account''s name of then; null for a rule.';
COMMENT ON COLUMN connect_conversation.answered_id IS 'The latest answer of an account that arrived; null: none.';
COMMENT ON COLUMN connect_conversation.last_id IS 'Their last message in connect_inbound.';
COMMENT ON COLUMN connect_conversation.last_at IS 'When it came.';
COMMENT ON COLUMN connect_conversation.last_kind IS 'What it was: text, image, …';
COMMENT ON COLUMN connect_conversation.last_text IS 'What it said; null for what has no text.';
COMMENT ON COLUMN connect_conversation.attention IS 'The list''s order, the largest first: who waits longest first, then the latest. Made of milliseconds since 1970.';

COMMENT ON TABLE connect_inbound IS 'What WeChat pushed: one row a message, however often it came. Kept as long as connect.keepInboundDays says.';
COMMENT ON COLUMN connect_inbound.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_inbound.dedupe_key IS 'What tells a repeat: MsgId, or sender, time and event.';
COMMENT ON COLUMN connect_inbound.openid IS 'Who it is from, as WeChat calls them for the app.';
COMMENT ON COLUMN connect_inbound.kind IS 'Its MsgType, or `event:` and the event.';
COMMENT ON COLUMN connect_inbound.content IS 'The fields of the push, as they were read. {type Record<string, unknown>}';
COMMENT ON COLUMN connect_inbound.channel_id IS 'The channel that was scanned; null: none.';
COMMENT ON COLUMN connect_inbound.reply IS 'The answer that every repeat gets too; null: none. {type PassiveReply from @zhanggui/wechat/reply}';
COMMENT ON COLUMN connect_inbound.reply_by IS 'What made that, such as `messaging.rule:<id>`; null: nothing answered.';
COMMENT ON COLUMN connect_inbound.repeats IS 'How often it came again.';
COMMENT ON COLUMN connect_inbound.sent_at IS 'When it was sent, by WeChat''s clock: whole seconds.';
COMMENT ON COLUMN connect_inbound.received_at IS 'When it came in here.';
COMMENT ON COLUMN connect_inbound.lost_try IS 'The try whose answer couldn''t be handed over, since the connection was closed; null: none that we know of.';

COMMENT ON TABLE connect_token IS 'The one access token of an app, and who may renew it; shared by all processes.';
COMMENT ON COLUMN connect_token.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN connect_token.value_sealed IS 'The token, sealed; null before the first.';
COMMENT ON COLUMN connect_token.value_hash IS 'SHA-256 of it, to tell whether a refused one is still this; null before the first.';
COMMENT ON COLUMN connect_token.expires_at IS 'From when it is too old, by our clock; null before the first.';
COMMENT ON COLUMN connect_token.voided IS 'WeChat has refused it: renew it before its time.';
COMMENT ON COLUMN connect_token.lease_owner IS 'The process that renews it now; null: none.';
COMMENT ON COLUMN connect_token.lease_until IS 'Until when we believe that one lives; null: none renews.';
