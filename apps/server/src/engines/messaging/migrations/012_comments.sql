-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE messaging_rule IS 'Auto-replies: what answers which message. A deleted one keeps its row.';
COMMENT ON COLUMN messaging_rule.name IS 'As operators call it.';
COMMENT ON COLUMN messaging_rule."on" IS 'What it answers: a follow, a scan, or words.';
COMMENT ON COLUMN messaging_rule.wechat_app_id IS 'Only of this app; null: of all.';
COMMENT ON COLUMN messaging_rule.channel_id IS 'Only scans of this channel; null: of all.';
COMMENT ON COLUMN messaging_rule.keyword IS 'The word, for keyword rules; null for others.';
COMMENT ON COLUMN messaging_rule.match IS 'Whether the message is the word or has it.';
COMMENT ON COLUMN messaging_rule.reply IS 'What is answered.';
COMMENT ON COLUMN messaging_rule.enabled IS 'Whether it answers.';
COMMENT ON COLUMN messaging_rule.answered IS 'How often it has.';
COMMENT ON COLUMN messaging_rule.deleted_at IS 'When it was deleted; null: it wasn''t.';
COMMENT ON COLUMN messaging_rule.closeness IS 'How narrowly it is meant: of several that match, the largest answers.';

COMMENT ON TABLE messaging_scene IS 'The head of a scene; what it sends stands in its versions. A deleted one keeps its row.';
COMMENT ON COLUMN messaging_scene.version IS 'The version that holds.';
COMMENT ON COLUMN messaging_scene.deleted_at IS 'When it was deleted; null: it wasn''t.';

COMMENT ON TABLE messaging_scene_version IS 'What a scene sends and when, version by version; never changed.';
COMMENT ON COLUMN messaging_scene_version.scene_id IS 'The scene.';
COMMENT ON COLUMN messaging_scene_version.version IS 'From 1, by scene.';
COMMENT ON COLUMN messaging_scene_version.name IS 'As operators call it.';
COMMENT ON COLUMN messaging_scene_version.trigger IS 'The event that it begins with. {type SceneTrigger from ./scene.contract.ts}';
COMMENT ON COLUMN messaging_scene_version.channel_id IS 'Only of people of this channel; null: of all.';
COMMENT ON COLUMN messaging_scene_version.items IS 'What is sent, in order. {type SceneItem[] from ./scene.contract.ts}';
COMMENT ON COLUMN messaging_scene_version.enabled IS 'Whether it sends.';
COMMENT ON COLUMN messaging_scene_version.changed_by IS 'The account that made this version.';

COMMENT ON TABLE messaging_delivery IS 'One message to one address, and how it stands. Kept as long as messaging.keepDeliveriesDays says.';
COMMENT ON COLUMN messaging_delivery.scene_id IS 'The scene that sends it; null for an operator''s reply.';
COMMENT ON COLUMN messaging_delivery.scene_version IS 'Its version then; null with it.';
COMMENT ON COLUMN messaging_delivery.item IS 'The place among the scene''s items, from 0.';
COMMENT ON COLUMN messaging_delivery.event_id IS 'The event that began it; null for an operator''s reply.';
COMMENT ON COLUMN messaging_delivery.scene_name IS 'What the scene was called then; null with it.';
COMMENT ON COLUMN messaging_delivery.channel IS 'By what it is sent.';
COMMENT ON COLUMN messaging_delivery.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN messaging_delivery.person_id IS 'Whom it is about.';
COMMENT ON COLUMN messaging_delivery.person_name IS 'What they were called then.';
COMMENT ON COLUMN messaging_delivery."to" IS 'The address: an openid or a mail address.';
COMMENT ON COLUMN messaging_delivery.content IS 'What is sent, filled in. {type Record<string, unknown>}';
COMMENT ON COLUMN messaging_delivery.state IS '`unknown`: the process died while it was sent, and nobody can tell. `suppressed`: decided against.';
COMMENT ON COLUMN messaging_delivery.zh IS 'Why it stands so, in Chinese.';
COMMENT ON COLUMN messaging_delivery.en IS 'The same in English.';
COMMENT ON COLUMN messaging_delivery.provider_id IS 'The provider''s number of it; null before, or where it gives none.';
COMMENT ON COLUMN messaging_delivery.updated_at IS 'When its state changed last.';
COMMENT ON COLUMN messaging_delivery.leader_name IS 'Who it really went to, where that was the leader of a channel; null otherwise.';
COMMENT ON COLUMN messaging_delivery.author_id IS 'The account that wrote it; null for a scene''s.';
COMMENT ON COLUMN messaging_delivery.author_name IS 'That one''s name of then; null with it.';

COMMENT ON TABLE messaging_step IS 'Every decision about a delivery and every attempt, in order; never changed.';
COMMENT ON COLUMN messaging_step.delivery_id IS 'The delivery.';
COMMENT ON COLUMN messaging_step.kind IS 'What happened, in a word.';
COMMENT ON COLUMN messaging_step.zh IS 'The same as a sentence in Chinese.';
COMMENT ON COLUMN messaging_step.en IS 'The same in English.';
COMMENT ON COLUMN messaging_step.details IS 'What else is known, such as the provider''s answer. {type Record<string, unknown>}';
COMMENT ON COLUMN messaging_step.at IS 'When.';

COMMENT ON TABLE messaging_receipt IS 'WeChat''s word on how a template message ended; it may be here before the answer to the sending is.';
COMMENT ON COLUMN messaging_receipt.wechat_app_id IS 'The app, by its id here.';
COMMENT ON COLUMN messaging_receipt.provider_id IS 'WeChat''s number of the message.';
COMMENT ON COLUMN messaging_receipt.status IS 'As WeChat said it.';
COMMENT ON COLUMN messaging_receipt.received_at IS 'When it came in.';
