-- Times in milliseconds (see kit/002_defaults.sql), ids and birthdays by default.
ALTER TABLE settings_value
  ALTER changed_at TYPE timestamptz(3);
