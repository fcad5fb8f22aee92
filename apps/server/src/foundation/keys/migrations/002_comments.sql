-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE keys_key IS 'What programs call with. The secret itself is told once and kept nowhere.';
COMMENT ON COLUMN keys_key.name IS 'As people call it.';
COMMENT ON COLUMN keys_key.hint IS 'How the secret ends, so that people can tell which one they have.';
COMMENT ON COLUMN keys_key.secret_hash IS 'SHA-256 of the secret.';
COMMENT ON COLUMN keys_key.former_hash IS 'SHA-256 of the one before the last change; null: none that still opens.';
COMMENT ON COLUMN keys_key.former_until IS 'Until when that one still opens; null with it.';
COMMENT ON COLUMN keys_key.permissions IS 'Codes of what it may do.';
COMMENT ON COLUMN keys_key.effects IS 'Kinds of effects its calls may have.';
COMMENT ON COLUMN keys_key.networks IS 'Addresses and networks that calls may come from; empty: anywhere.';
COMMENT ON COLUMN keys_key.per_minute IS 'Calls in a minute, in each process or, with Redis, in all.';
COMMENT ON COLUMN keys_key.per_day IS 'Calls in a day of the tenant''s; null: any number.';
COMMENT ON COLUMN keys_key.expires_at IS 'From when it opens nothing; null: never.';
COMMENT ON COLUMN keys_key.disabled IS 'Switched off by somebody.';
COMMENT ON COLUMN keys_key.created_by IS 'The account that made it.';

COMMENT ON TABLE keys_use IS 'Calls by day; written in batches.';
COMMENT ON COLUMN keys_use.key_id IS 'The key.';
COMMENT ON COLUMN keys_use.day IS 'Day by the tenant''s clock.';
COMMENT ON COLUMN keys_use.calls IS 'How many.';
COMMENT ON COLUMN keys_use.last_at IS 'When the last one was.';
