-- no-transaction
-- additive
-- What people wrote and nothing answered, in the order of coming: few among all messages.
CREATE INDEX CONCURRENTLY connect_inbound_unanswered ON connect_inbound (tenant_id, id)
  WHERE reply_by IS NULL AND kind IN ('text', 'image', 'voice', 'video', 'shortvideo', 'location', 'link');
