-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE archives_archive IS 'Several files as one zip, made in the background by its task. Rows go when they expire.';
COMMENT ON COLUMN archives_archive.account_id IS 'Who asked for it, and may fetch it.';
COMMENT ON COLUMN archives_archive.name IS 'The zip''s name.';
COMMENT ON COLUMN archives_archive.contents IS 'What goes into it, in order: names are safe and unique. {type { fileId: string; name: string; exportId: string | null }[]}';
COMMENT ON COLUMN archives_archive.parts IS 'What is packed: one part for each of the contents, from the first on. {type { id: string; crc: number; rawBytes: number; packedBytes: number }[]}';
COMMENT ON COLUMN archives_archive.state IS 'How it stands.';
COMMENT ON COLUMN archives_archive.turn IS 'What its task is about: each resumption has another, so that an older task does nothing more.';
COMMENT ON COLUMN archives_archive.size_bytes IS 'Of what is packed so far.';
COMMENT ON COLUMN archives_archive.file_id IS 'The finished zip, a file of the module files; null before.';
COMMENT ON COLUMN archives_archive.why IS 'Why it failed, for people; null unless it did. {type { zh: string; en: string }}';
COMMENT ON COLUMN archives_archive.ended_at IS 'When it was done or failed; null before.';
COMMENT ON COLUMN archives_archive.expires_at IS 'When row and file are deleted.';
