-- Times in milliseconds (see kit/002_defaults.sql), ids and birthdays by default.
ALTER TABLE audience_person
  ALTER id SET DEFAULT zg_id(),
  ALTER first_channel_at TYPE timestamptz(3),
  ALTER first_seen_at TYPE timestamptz(3),
  ALTER last_seen_at TYPE timestamptz(3),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE audience_identity
  ALTER id SET DEFAULT zg_id(),
  ALTER following_since TYPE timestamptz(3),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE audience_tag
  ALTER id SET DEFAULT zg_id(),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE audience_person_tag
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE audience_timeline
  ALTER id SET DEFAULT zg_id(),
  ALTER at TYPE timestamptz(3);

-- What the jsonb column holds (read by `./zg tables`).
COMMENT ON COLUMN audience_timeline.details IS 'type Record<string, unknown>';
