-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE imports_import IS 'Files whose rows are handed to a route one after the other. A batch and how far the import is are one transaction.';
COMMENT ON COLUMN imports_import.account_id IS 'Who imports: each row is a call of theirs.';
COMMENT ON COLUMN imports_import.target IS 'Id of the route that takes the rows.';
COMMENT ON COLUMN imports_import.file_id IS 'The uploaded file, one of the module files.';
COMMENT ON COLUMN imports_import.file_name IS 'As it was called.';
COMMENT ON COLUMN imports_import.size_bytes IS 'Of the file.';
COMMENT ON COLUMN imports_import.sha256 IS 'Of the file, in hexadecimal.';
COMMENT ON COLUMN imports_import.format IS 'How the file is read.';
COMMENT ON COLUMN imports_import.language IS 'Of words in cells and of messages in the error file.';
COMMENT ON COLUMN imports_import.zone IS 'Whose clock its times are of.';
COMMENT ON COLUMN imports_import.phase IS 'What its task does now.';
COMMENT ON COLUMN imports_import.state IS '`ready`: whoever began it has to say how it goes on.';
COMMENT ON COLUMN imports_import.turn IS 'What its task is about: each phase and resumption has another, so that an older task does nothing more.';
COMMENT ON COLUMN imports_import.parts IS 'The rows as they were read, in the storage, until the import is forgotten. {type { id: string; rows: number }[]}';
COMMENT ON COLUMN imports_import.heads IS 'The file''s headings, in order. {type string[]}';
COMMENT ON COLUMN imports_import.mapping IS 'The field of each column of the file; null: it is left out. {type (string | null)[]}';
COMMENT ON COLUMN imports_import.existing IS 'What is done with a row of something that is there already.';
COMMENT ON COLUMN imports_import.rows IS 'Rows of the file; null until it is read.';
COMMENT ON COLUMN imports_import.done IS 'Rows that the phase went through.';
COMMENT ON COLUMN imports_import.created IS 'Of them, those that became something new.';
COMMENT ON COLUMN imports_import.updated IS 'Of them, those that changed something.';
COMMENT ON COLUMN imports_import.skipped IS 'Of them, those that were there already.';
COMMENT ON COLUMN imports_import.failed IS 'Of them, those that weren''t taken: see imports_failure.';
COMMENT ON COLUMN imports_import.checked IS 'What the check found with the mapping as it is; null before it. {type { created: number; updated: number; skipped: number; failed: number }}';
COMMENT ON COLUMN imports_import.error_file_id IS 'The file of rows that failed; null: none was made.';
COMMENT ON COLUMN imports_import.error_file_rows IS 'How many rows that has; null without one.';
COMMENT ON COLUMN imports_import.why IS 'Why the import as a whole failed, for people; null unless it did. {type { zh: string; en: string }}';
COMMENT ON COLUMN imports_import.ended_at IS 'When it was over; null before.';
COMMENT ON COLUMN imports_import.expires_at IS 'When it is forgotten, with its rows.';

COMMENT ON TABLE imports_failure IS 'Rows of the phase that weren''t taken.';
COMMENT ON COLUMN imports_failure.import_id IS 'The import.';
COMMENT ON COLUMN imports_failure.row IS 'The row''s number in the file, the headings being 1.';
COMMENT ON COLUMN imports_failure.errors IS 'What was wrong, with the column''s place; null: the row as a whole. {type { column: number | null; text: { zh: string; en: string } }[]}';

COMMENT ON TABLE imports_key IS 'What the rows of a check are known by, so that two rows about one thing are told of.';
COMMENT ON COLUMN imports_key.import_id IS 'The import.';
COMMENT ON COLUMN imports_key.key IS 'Hash of the fields that tell what a row is about.';
