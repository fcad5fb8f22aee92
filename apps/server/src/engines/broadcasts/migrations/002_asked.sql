-- additive
-- Who is asked about waits for the others before it is asked about again: a silent one holds up nobody.
ALTER TABLE broadcasts_part ADD COLUMN result_asked_at timestamptz(3);
COMMENT ON COLUMN broadcasts_part.result_asked_at IS 'When WeChat was last asked how it ended; null: never.';
CREATE INDEX broadcasts_part_by_asking ON broadcasts_part (tenant_id, result_asked_at NULLS FIRST, accepted_at)
  WHERE state = 'accepted';
