-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE work_run IS 'Bulk actions that the server goes on with by itself. A step and how far it came are one transaction.';
COMMENT ON COLUMN work_run.account_id IS 'Who asked for it, and with whose rights it goes on.';
COMMENT ON COLUMN work_run.route IS 'Id of the bulk route.';
COMMENT ON COLUMN work_run.asked IS 'What was asked: parameters, query and body. {type { params: Record<string, unknown>; query: Record<string, unknown>; body: Record<string, unknown> }}';
COMMENT ON COLUMN work_run.state IS 'How it stands.';
COMMENT ON COLUMN work_run.turn IS 'What its task is about: each resumption has another, so that an older task does nothing more.';
COMMENT ON COLUMN work_run.after IS 'The last row that was done, where the next step begins; null before the first.';
COMMENT ON COLUMN work_run.expected IS 'Rows that matched at its start, as far as they were counted; null: not counted yet.';
COMMENT ON COLUMN work_run.is_more IS 'There were more than were counted.';
COMMENT ON COLUMN work_run.done IS 'Rows that it was done to.';
COMMENT ON COLUMN work_run.passed IS 'Rows that were passed over, by reason. {type Record<string, number>}';
COMMENT ON COLUMN work_run.gone IS 'Rows that were gone when their turn came.';
COMMENT ON COLUMN work_run.failed IS 'Rows where it failed.';
COMMENT ON COLUMN work_run.failures IS 'The first of those, with why. {type { id: string; name: string; why: { zh: string; en: string } }[]}';
COMMENT ON COLUMN work_run.why IS 'Why it failed as a whole, for people; null unless it did. {type { zh: string; en: string }}';
COMMENT ON COLUMN work_run.started_at IS 'When its first step began; null before.';
COMMENT ON COLUMN work_run.ended_at IS 'When it was over; null before.';
