-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE webhooks_endpoint IS 'Where a business wants to be told of what happens here.';
COMMENT ON COLUMN webhooks_endpoint.name IS 'As people call it; unique.';
COMMENT ON COLUMN webhooks_endpoint.url IS 'Where messages are posted to.';
COMMENT ON COLUMN webhooks_endpoint.events IS 'Names of the events that it is told of.';
COMMENT ON COLUMN webhooks_endpoint.is_ordered IS 'One after the other, in their order; a failing one holds up the rest.';
COMMENT ON COLUMN webhooks_endpoint.headers_sealed IS 'Its own headers as JSON, sealed; null: none.';
COMMENT ON COLUMN webhooks_endpoint.header_names IS 'Their names alone, to show.';
COMMENT ON COLUMN webhooks_endpoint.secret_sealed IS 'What messages are signed with, sealed.';
COMMENT ON COLUMN webhooks_endpoint.secret_hint IS 'How the secret ends.';
COMMENT ON COLUMN webhooks_endpoint.former_sealed IS 'The secret before the last change, sealed; null: none that still signs.';
COMMENT ON COLUMN webhooks_endpoint.former_until IS 'Until when that one still signs; null with it.';
COMMENT ON COLUMN webhooks_endpoint.enabled IS 'Whether it is told.';
COMMENT ON COLUMN webhooks_endpoint.disabled_because IS 'Why not; null while it is enabled.';
COMMENT ON COLUMN webhooks_endpoint.disabled_at IS 'Since when not; null while it is enabled.';

COMMENT ON TABLE webhooks_health IS 'How an endpoint fares: written with every attempt.';
COMMENT ON COLUMN webhooks_health.endpoint_id IS 'The endpoint.';
COMMENT ON COLUMN webhooks_health.last_success_at IS 'When it last took something; null: never.';
COMMENT ON COLUMN webhooks_health.failing_since IS 'Since when it has taken nothing; null while all is well.';
COMMENT ON COLUMN webhooks_health.failures IS 'Attempts in a row that failed.';
COMMENT ON COLUMN webhooks_health.held_until IS 'Until then others wait for how the next one fares; null: nothing waits.';

COMMENT ON TABLE webhooks_delivery IS 'One event for one endpoint.';
COMMENT ON COLUMN webhooks_delivery.id IS 'Of the delivery; in order of the events for an endpoint in order.';
COMMENT ON COLUMN webhooks_delivery.endpoint_id IS 'The endpoint; no key, for deliveries of a deleted one follow in batches.';
COMMENT ON COLUMN webhooks_delivery.event_id IS 'The event; receivers get it as `webhook-id`, the same at every try.';
COMMENT ON COLUMN webhooks_delivery.event_name IS 'The event''s name with its version.';
COMMENT ON COLUMN webhooks_delivery.occurred_at IS 'When the event happened.';
COMMENT ON COLUMN webhooks_delivery.state IS '`paused`: its endpoint is disabled.';
COMMENT ON COLUMN webhooks_delivery.attempts IS 'Attempts in all.';
COMMENT ON COLUMN webhooks_delivery.tries IS 'Attempts since it was first sent or sent again: its place in the schedule.';
COMMENT ON COLUMN webhooks_delivery.next_at IS 'When it is tried next; null: not by itself.';
COMMENT ON COLUMN webhooks_delivery.outcome IS 'How the last attempt ended; null before one.';
COMMENT ON COLUMN webhooks_delivery.status IS 'HTTP status of the last answer; null without one.';
COMMENT ON COLUMN webhooks_delivery.took_ms IS 'Milliseconds of the last attempt; null before one.';
COMMENT ON COLUMN webhooks_delivery.delivered_at IS 'When it was taken; null: it wasn''t.';

COMMENT ON TABLE webhooks_attempt IS 'Every attempt of a delivery.';
COMMENT ON COLUMN webhooks_attempt.delivery_id IS 'The delivery.';
COMMENT ON COLUMN webhooks_attempt.endpoint_id IS 'The endpoint.';
COMMENT ON COLUMN webhooks_attempt.ok IS 'Whether it was taken.';
COMMENT ON COLUMN webhooks_attempt.outcome IS 'How it ended, in a word.';
COMMENT ON COLUMN webhooks_attempt.status IS 'HTTP status; null without an answer.';
COMMENT ON COLUMN webhooks_attempt.took_ms IS 'How long it took, in milliseconds.';
COMMENT ON COLUMN webhooks_attempt.excerpt IS 'How the answer began, or what was wrong.';
COMMENT ON COLUMN webhooks_attempt.at IS 'When.';
