-- Times in milliseconds (see kit/002_defaults.sql), ids and birthdays by default.
ALTER TABLE access_tenant
  ALTER id SET DEFAULT zg_id(),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE access_account
  ALTER id SET DEFAULT zg_id(),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE access_role
  ALTER id SET DEFAULT zg_id(),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE access_session
  ALTER id SET DEFAULT zg_id(),
  ALTER expires_at TYPE timestamptz(3),
  ALTER ended_at TYPE timestamptz(3),
  ALTER created_at TYPE timestamptz(3),
  ALTER created_at SET DEFAULT zg_now();
ALTER TABLE access_login_attempt
  ALTER locked_until TYPE timestamptz(3),
  ALTER last_at TYPE timestamptz(3);

-- A role of the system is one of these.
ALTER TABLE access_role ADD CHECK (built_in IN ('owner', 'operator', 'finance', 'reviewer', 'developer'));
