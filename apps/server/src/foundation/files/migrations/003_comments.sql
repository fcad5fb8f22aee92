-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE files_file IS 'What people upload and the server makes. The bytes lie in the storage, by the file''s id.';
COMMENT ON COLUMN files_file.name IS 'As its sender or maker called it.';
COMMENT ON COLUMN files_file.type IS 'Media type by its content, whatever its sender called it.';
COMMENT ON COLUMN files_file.size_bytes IS 'Of the bytes as they are stored.';
COMMENT ON COLUMN files_file.sha256 IS 'Of the bytes as they are stored, in hexadecimal; null while they come in.';
COMMENT ON COLUMN files_file.has_thumbnail IS 'Whether a small picture of it lies beside it.';
COMMENT ON COLUMN files_file.state IS '`incoming` until its bytes are whole.';
COMMENT ON COLUMN files_file.account_id IS 'Who uploaded it; null for what the server made.';
COMMENT ON COLUMN files_file.uses IS 'How many rows of files_use it has: at 0 it may go.';
COMMENT ON COLUMN files_file.expires_at IS 'When it goes if nothing uses it; null: not by itself.';

COMMENT ON TABLE files_pass IS 'Links that are good for one download; a used one is deleted.';
COMMENT ON COLUMN files_pass.file_id IS 'The file.';
COMMENT ON COLUMN files_pass.expires_at IS 'From when it is good for nothing.';

COMMENT ON TABLE files_upload IS 'What comes in piece by piece (tus 1.0), until it is whole.';
COMMENT ON COLUMN files_upload.account_id IS 'Who uploads.';
COMMENT ON COLUMN files_upload.name IS 'As its sender called it.';
COMMENT ON COLUMN files_upload.size_bytes IS 'As its sender declared it.';
COMMENT ON COLUMN files_upload.offset_bytes IS 'How much of it is here.';
COMMENT ON COLUMN files_upload.parts IS 'Ids of the pieces in the storage, in order. {type string[]}';
COMMENT ON COLUMN files_upload.file_id IS 'The file that it became; null before.';
COMMENT ON COLUMN files_upload.expires_at IS 'When it is called off if nothing more comes.';

COMMENT ON TABLE files_use IS 'What a file is kept for.';
COMMENT ON COLUMN files_use.file_id IS 'The file.';
COMMENT ON COLUMN files_use.used_by IS 'What uses it, as `<module>.<what>`.';
COMMENT ON COLUMN files_use.ref IS 'Which one.';
COMMENT ON COLUMN files_use.label IS 'What that is to people. {type { zh: string; en: string }}';
