-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE notifications_notice IS 'What people are told, one row a person.';
COMMENT ON COLUMN notifications_notice.account_id IS 'Who is told.';
COMMENT ON COLUMN notifications_notice.kind IS '`<module>.<what>`, as notification() declares it.';
COMMENT ON COLUMN notifications_notice.key IS 'What it is about: the same is told once.';
COMMENT ON COLUMN notifications_notice.payload IS 'What its words are filled with. {type Record<string, unknown>}';
COMMENT ON COLUMN notifications_notice.at IS 'When it was told, or told anew.';
COMMENT ON COLUMN notifications_notice.read_at IS 'When it was read; null: not yet.';

COMMENT ON TABLE notifications_unwanted IS 'What an account doesn''t want to be told of.';
COMMENT ON COLUMN notifications_unwanted.account_id IS 'Whose choice.';
COMMENT ON COLUMN notifications_unwanted.kind IS 'The kind that is left out.';
