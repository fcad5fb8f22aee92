-- A login is one tenant's own: whether another tenant has it too is nobody's business. Sign-in looks for the login
-- alone.
DROP INDEX access_account_login;
CREATE UNIQUE INDEX access_account_login ON access_account (login, tenant_id);

-- A renewal whose answer was lost is answered again for a while: by the token that was good before.
ALTER TABLE access_session
  ADD previous_hash text,
  ADD renewed_at timestamptz(3);

-- Wrong passwords, forgotten within minutes. By account (or by login, where there is none) and source; with one of the
-- two empty, over all accounts of a source, and over all sources of an account.
DROP TABLE access_login_attempt;
CREATE TABLE access_login_attempt (
  subject text NOT NULL,
  source text NOT NULL,
  failures integer NOT NULL,
  last_at timestamptz(3) NOT NULL,
  PRIMARY KEY (subject, source)
);
