-- additive
-- How schedules went, and that one is paused: then it has no task, so it never comes due.
ALTER TABLE kit_schedule ADD COLUMN began_at timestamptz(3);
ALTER TABLE kit_schedule ADD COLUMN took_ms integer;
ALTER TABLE kit_schedule ADD COLUMN paused_at timestamptz(3);

-- Whether the whole server is closed for work on it: one row, or none while it is open. Each process hears of a change.
CREATE TABLE kit_maintenance (
  is_on boolean PRIMARY KEY DEFAULT true CHECK (is_on),
  since timestamptz(3) NOT NULL,
  message_zh text NOT NULL,
  message_en text NOT NULL,
  ends_at timestamptz(3),
  begun_by text NOT NULL
);

CREATE FUNCTION kit_tell_maintenance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('kit_queue', '["maintenance"]');
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON kit_maintenance
  FOR EACH STATEMENT EXECUTE FUNCTION kit_tell_maintenance();
