-- additive
-- Old attempts are deleted in batches, the oldest first.
CREATE INDEX access_login_attempt_by_time ON access_login_attempt (last_at);
