-- additive
-- Old receipts are deleted; old deliveries are found by their ids.
CREATE INDEX messaging_receipt_by_time ON messaging_receipt (tenant_id, received_at);
