-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE forms_form IS 'Forms that operators make: the draft, and which version is published.';
COMMENT ON COLUMN forms_form.name IS 'As operators call it; unique whatever its case.';
COMMENT ON COLUMN forms_form.name_key IS 'The name in lower case, for that.';
COMMENT ON COLUMN forms_form.enabled IS 'Whether it can be filled in.';
COMMENT ON COLUMN forms_form.draft IS 'Fields and conditions as they are drawn now; json, not jsonb, for the order of fields counts. {type MadeForm from @zhanggui/forms/made-form}';
COMMENT ON COLUMN forms_form.revision IS 'Counts changes of the draft: who saves over a newer one is told.';
COMMENT ON COLUMN forms_form.published_revision IS 'The revision that became the latest version or was taken from it; null before the first.';
COMMENT ON COLUMN forms_form.version IS 'Number of the latest version; null: never published.';
COMMENT ON COLUMN forms_form.changed_at IS 'When the draft changed last.';

COMMENT ON TABLE forms_version IS 'What was published, version by version; never changed.';
COMMENT ON COLUMN forms_version.form_id IS 'The form.';
COMMENT ON COLUMN forms_version.number IS 'From 1, by form.';
COMMENT ON COLUMN forms_version.made IS 'The form as it was published. {type MadeForm from @zhanggui/forms/made-form}';
COMMENT ON COLUMN forms_version.published_by IS 'The account that published it.';
COMMENT ON COLUMN forms_version.published_at IS 'When.';

COMMENT ON TABLE forms_answer IS 'Forms that were filled in.';
COMMENT ON COLUMN forms_answer.form_id IS 'The form.';
COMMENT ON COLUMN forms_answer.version IS 'The version that was filled in.';
COMMENT ON COLUMN forms_answer.account_id IS 'Who filled it in.';
COMMENT ON COLUMN forms_answer.answers IS 'Values by the names of its fields. {type Values from @zhanggui/forms/values}';
COMMENT ON COLUMN forms_answer.answered_at IS 'When it was sent.';
