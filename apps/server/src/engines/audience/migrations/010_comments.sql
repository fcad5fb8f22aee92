-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE audience_person IS 'People: one record however many identities. A merged one only points at the record that goes on.';
COMMENT ON COLUMN audience_person.display_name IS 'As people see it; may be empty.';
COMMENT ON COLUMN audience_person.first_channel_id IS 'The channel that brought them; null: none.';
COMMENT ON COLUMN audience_person.first_channel_at IS 'When WeChat says that they scanned it; null with it.';
COMMENT ON COLUMN audience_person.first_channel_by IS 'The message that told, as the module connect keeps it; null with it.';
COMMENT ON COLUMN audience_person.first_seen_at IS 'When we first heard of them.';
COMMENT ON COLUMN audience_person.last_seen_at IS 'When they last did something.';
COMMENT ON COLUMN audience_person.merged_into IS 'The earlier record of the same person; null: this one is it.';
COMMENT ON COLUMN audience_person.following IS 'Whether they follow any account; written beside audience_identity.';

COMMENT ON TABLE audience_identity IS 'What a person is known by: openids, unionid, phone numbers, mail addresses.';
COMMENT ON COLUMN audience_identity.person_id IS 'The person.';
COMMENT ON COLUMN audience_identity.kind IS 'What kind of identity.';
COMMENT ON COLUMN audience_identity.scope IS 'The app''s id here for an openid, which means nothing elsewhere; empty for others.';
COMMENT ON COLUMN audience_identity.value IS 'The openid, unionid, number or address.';
COMMENT ON COLUMN audience_identity.following IS 'For an openid: whether they follow; null: not known, or another kind.';
COMMENT ON COLUMN audience_identity.following_since IS 'When that was so, by WeChat''s clock; null with it.';
COMMENT ON COLUMN audience_identity.following_by IS 'The message that last said so; null with it.';
COMMENT ON COLUMN audience_identity.reversed IS 'The value from its end, so that a phone number is found by its last digits; PostgreSQL makes it.';

COMMENT ON TABLE audience_tag IS 'Tags.';
COMMENT ON COLUMN audience_tag.name IS 'As operators call it; unique.';

COMMENT ON TABLE audience_person_tag IS 'Who has which tag, and where from.';
COMMENT ON COLUMN audience_person_tag.person_id IS 'The person.';
COMMENT ON COLUMN audience_person_tag.tag_id IS 'The tag.';
COMMENT ON COLUMN audience_person_tag.source IS 'Whether an account or a channel gave it.';
COMMENT ON COLUMN audience_person_tag.source_id IS 'Which account or channel.';
COMMENT ON COLUMN audience_person_tag.source_name IS 'What that was called then.';

COMMENT ON TABLE audience_timeline IS 'What people did and what was done for them; kept as long as audience.keepTimelineDays says.';
COMMENT ON COLUMN audience_timeline.person_id IS 'The person.';
COMMENT ON COLUMN audience_timeline.kind IS 'What happened, in a word.';
COMMENT ON COLUMN audience_timeline.details IS 'What a sentence about it needs. {type Record<string, unknown>}';
COMMENT ON COLUMN audience_timeline.at IS 'When.';
