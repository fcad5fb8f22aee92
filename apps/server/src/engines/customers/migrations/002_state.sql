-- additive
-- Those that are still open, and those that somebody ended, in the order in which they are listed.
CREATE INDEX customers_session_open ON customers_session (tenant_id, id) WHERE ended_at IS NULL;
CREATE INDEX customers_session_ended ON customers_session (tenant_id, id) WHERE ended_at IS NOT NULL;
