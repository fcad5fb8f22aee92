-- additive
-- The list of deliveries by one way of sending.
CREATE INDEX messaging_delivery_by_channel ON messaging_delivery (tenant_id, channel, id);
