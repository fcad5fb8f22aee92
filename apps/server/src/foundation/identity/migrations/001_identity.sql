-- additive
-- Where people of a tenant sign in instead of here (OpenID Connect).
CREATE TABLE identity_provider (
  tenant_id uuid NOT NULL REFERENCES access_tenant (id),
  id uuid NOT NULL DEFAULT zg_id(),
  name text NOT NULL,
  issuer text NOT NULL,
  client_id text NOT NULL,
  -- None for a public client, which proves itself by PKCE alone.
  client_secret_sealed text,
  enabled boolean NOT NULL,
  -- Whoever comes by it for the first time finds their account by a verified mail address.
  links_by_email boolean NOT NULL,
  -- Whoever has no account is given one.
  joins boolean NOT NULL,
  -- Mail domains of those who may be given one; any, if there are none.
  domains text[] NOT NULL,
  -- The claim that tells which groups somebody is in.
  groups_claim text,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

-- Roles that it gives, as long as there are such: to whoever is in a group, or, without one, to whoever is given an account.
CREATE TABLE identity_grant (
  tenant_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  group_name text NOT NULL,
  role_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, provider_id, group_name, role_id),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_provider (tenant_id, id) ON DELETE CASCADE
);

-- Who somebody is there. The subject stays when name and address change (OpenID Connect Core 1.0, §5.7).
CREATE TABLE identity_subject (
  tenant_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  subject text NOT NULL,
  account_id uuid NOT NULL,
  last_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, provider_id, subject),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_provider (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX identity_subject_by_account ON identity_subject (tenant_id, account_id);
