-- no-transaction
-- additive
-- What came in, of one kind: those that people write are few among menu taps and receipts.
CREATE INDEX CONCURRENTLY connect_inbound_by_kind ON connect_inbound (tenant_id, kind, id);
