-- additive
-- Pruning deletes the dead letters of old events, a thousand at a time: without it each batch reads them all.
CREATE INDEX kit_dead_by_ref ON kit_dead (ref);
