-- additive
-- What of an answer is still to be said is the rule's as it answered, or isn't said.
ALTER TABLE messaging_rule ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN messaging_rule.version IS 'Rises with every change of what it answers; an answer says which it was of.';

ALTER TABLE messaging_duty ADD COLUMN given_at timestamptz(3);
COMMENT ON COLUMN messaging_duty.given_at IS 'When they were last given a conversation by turns; null: not since they are on duty.';

-- What was told long ago is forgotten.
CREATE INDEX messaging_told_by_time ON messaging_told (tenant_id, at);
