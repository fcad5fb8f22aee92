-- no-transaction
-- additive
-- Whose conversations are whose, in the list's order.
CREATE INDEX CONCURRENTLY connect_conversation_by_assignee
  ON connect_conversation (tenant_id, assignee_id, attention, id);
