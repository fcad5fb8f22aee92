CREATE TABLE access_tenant (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  zone text NOT NULL,
  -- True for the one that set-up made: of two set-ups at once, the key lets one through.
  first boolean UNIQUE CHECK (first),
  created_at timestamptz NOT NULL
);

CREATE TABLE access_account (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  login text NOT NULL CHECK (login = lower(login)),
  display_name text NOT NULL,
  password_hash text NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
-- A login tells the tenant, so it is unique across all of them.
CREATE UNIQUE INDEX access_account_login ON access_account (login);

CREATE TABLE access_role (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL,
  name text NOT NULL,
  -- The name of a role of the system; its permissions are computed, not stored.
  built_in text,
  permissions text[] NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE access_account_role (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  role_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, account_id, role_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES access_account (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES access_role (tenant_id, id)
);

CREATE TABLE access_session (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  -- SHA-256 of the one refresh token that is good now. Tokens are 256 random bits, so a plain hash is enough.
  refresh_hash text NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  ended_because text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES access_account (tenant_id, id)
);
CREATE INDEX access_session_by_account ON access_session (tenant_id, account_id) WHERE ended_at IS NULL;

-- Refresh tokens that were used. One that comes again was stolen: from whom can't be told, so the session ends.
CREATE TABLE access_used_refresh (
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  refresh_hash text NOT NULL,
  PRIMARY KEY (tenant_id, session_id, refresh_hash),
  FOREIGN KEY (tenant_id, session_id) REFERENCES access_session (tenant_id, id)
);

-- Wrong passwords by login, whether such an account exists or not, so that the answer gives nothing away.
CREATE TABLE access_login_attempt (
  login text PRIMARY KEY,
  failures integer NOT NULL,
  locked_until timestamptz,
  last_at timestamptz NOT NULL
);
