-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE exports_export IS 'Lists that are made into files in the background. Written by its task, a step at a time.';
COMMENT ON COLUMN exports_export.account_id IS 'Who asked for it, and may fetch it.';
COMMENT ON COLUMN exports_export.list IS 'Id of the list''s route.';
COMMENT ON COLUMN exports_export.asked IS 'The list''s parameters and query, as they were asked for. {type { params: Record<string, unknown>; query: Record<string, unknown> }}';
COMMENT ON COLUMN exports_export.columns IS 'Names of the fields that become columns, in order. {type string[]}';
COMMENT ON COLUMN exports_export.format IS 'What kind of file; `csv-gbk` for older Excel in Chinese.';
COMMENT ON COLUMN exports_export.language IS 'Of headings and words in cells.';
COMMENT ON COLUMN exports_export.zone IS 'Whose clock its times are written by.';
COMMENT ON COLUMN exports_export.same IS 'Hash of what makes it the same as another one of its day, which is then fetched instead.';
COMMENT ON COLUMN exports_export.day IS 'The day that it was asked for on, by the tenant''s clock.';
COMMENT ON COLUMN exports_export.state IS 'How it stands.';
COMMENT ON COLUMN exports_export.turn IS 'What its task is about: each resumption has another, so that an older task does nothing more.';
COMMENT ON COLUMN exports_export.cursor IS 'The next page of the list; null before the first.';
COMMENT ON COLUMN exports_export.parts IS 'Ids of the parts written so far, in order, in the storage. {type string[]}';
COMMENT ON COLUMN exports_export.writer IS 'What the writer has to know to go on. {type WriterState from @zhanggui/kit/server/export/writer}';
COMMENT ON COLUMN exports_export.rows IS 'Rows written so far.';
COMMENT ON COLUMN exports_export.size_bytes IS 'Bytes written so far.';
COMMENT ON COLUMN exports_export.is_read IS 'The whole list is read; what is left is to finish the file.';
COMMENT ON COLUMN exports_export.expected IS 'Rows that matched at the start, as far as they were counted; null: not counted yet.';
COMMENT ON COLUMN exports_export.file_id IS 'The finished file, one of the module files; null before.';
COMMENT ON COLUMN exports_export.why IS 'Why it failed, for people; null unless it did. {type { zh: string; en: string }}';
COMMENT ON COLUMN exports_export.ended_at IS 'When it was done or failed; null before.';
COMMENT ON COLUMN exports_export.expires_at IS 'When row and file are deleted; null while it is made.';
COMMENT ON COLUMN exports_export.rights IS 'What its account might do when it began: who may do less by then doesn''t get it. {type HeldRights from ./sameness.ts}';
