-- additive
-- What a list tells its rows apart by: the key is of two columns.
ALTER TABLE kit_dead ADD letter_id uuid NOT NULL DEFAULT zg_id();
CREATE INDEX kit_dead_by_death ON kit_dead (tenant_id, died_at, letter_id);
CREATE INDEX kit_dead_by_queue ON kit_dead (tenant_id, queue, died_at, letter_id);
