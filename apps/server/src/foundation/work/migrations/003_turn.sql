-- additive
-- As step-table.ts has it: not only whoever resumes it begins another turn, each step does.
COMMENT ON COLUMN work_run.turn IS 'What the task of its next step is called: each step has another, so that a task of an earlier one finds nothing to do.';
