-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE settings_value IS 'Values of settings by version: only added. The highest version of a place holds, the others are its history.';
COMMENT ON COLUMN settings_value.key IS '`<module>.<setting>`.';
COMMENT ON COLUMN settings_value.version IS 'Counts a setting''s changes, over all places of the tenant.';
COMMENT ON COLUMN settings_value.value IS 'As the setting''s shape has it; null where cleared, or for a secret.';
COMMENT ON COLUMN settings_value.changed_by IS 'The account''s id, or what wrote it.';
COMMENT ON COLUMN settings_value.changed_at IS 'When.';
COMMENT ON COLUMN settings_value.scope_kind IS 'The level that it is set at.';
COMMENT ON COLUMN settings_value.scope_id IS 'Which app or store; empty at the other levels.';
COMMENT ON COLUMN settings_value.place IS 'Setting and level in one text, for keys.';
COMMENT ON COLUMN settings_value.state IS '`cleared`: this level inherits again.';
COMMENT ON COLUMN settings_value.is_pinned IS 'Of the platform''s: it holds whatever tenants say.';
COMMENT ON COLUMN settings_value.comment IS 'What whoever changed it said why; may be empty.';
COMMENT ON COLUMN settings_value.value_sealed IS 'A secret''s value, sealed; null for others.';
