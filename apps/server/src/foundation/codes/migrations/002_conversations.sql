-- additive
-- When a code was handed over: the day that a chart counts it on.
ALTER TABLE codes_code ADD sent_at timestamptz(3);
CREATE INDEX codes_code_by_sending ON codes_code (tenant_id, sent_at) WHERE sent_at IS NOT NULL;
-- Those that ran out of time unused keep the state that they had.
CREATE INDEX codes_code_by_expiry ON codes_code (tenant_id, expires_at) WHERE state IN ('waiting', 'sent');
CREATE INDEX codes_code_by_state ON codes_code (tenant_id, state, id);

-- Requests for a code that were refused because there had been too many: no row of theirs is kept, only how many.
CREATE TABLE codes_refusal (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  at timestamptz(3) NOT NULL,
  refused integer NOT NULL,
  PRIMARY KEY (tenant_id, at)
);

COMMENT ON COLUMN codes_code.sent_at IS 'When it was handed over; null until then, where nobody was to be written to, and before this was noted.';
COMMENT ON TABLE codes_refusal IS 'How many requests for a code were refused as too many, by the quarter of an hour.';
COMMENT ON COLUMN codes_refusal.at IS 'When the quarter of an hour began: days of every time zone begin with one.';
COMMENT ON COLUMN codes_refusal.refused IS 'How many there were.';
