-- Deliveries go out through the kit's queue: who sends one, until when and how often it was tried stands there.
INSERT INTO kit_task (tenant_id, queue, ref, attempts, due_at, trace_id)
SELECT tenant_id, 'messaging.outbox', id, attempts, due_at, trace_id
FROM messaging_delivery WHERE state = 'ready' ORDER BY due_at;
-- Whoever was sending these when the server stopped is gone: the queue finds their leases over.
INSERT INTO kit_task (tenant_id, queue, ref, attempts, begun, due_at, trace_id)
SELECT tenant_id, 'messaging.outbox', id, attempts + 1, true, lease_until, trace_id
FROM messaging_delivery WHERE state = 'submitting';

DROP INDEX messaging_delivery_due;
DROP INDEX messaging_delivery_leased;
ALTER TABLE messaging_delivery
  DROP COLUMN attempts, DROP COLUMN due_at, DROP COLUMN claimed_by, DROP COLUMN lease_until;
