-- additive
-- Whoever has the token may choose the account's password, once. A newer invitation takes the place of an older one.
CREATE TABLE access_invitation (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  -- SHA-256 of 256 random bits.
  token_hash text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, account_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES access_account (tenant_id, id)
);
-- The lists of accounts: by name, and those of a role.
CREATE INDEX access_account_by_name ON access_account (tenant_id, display_name, id);
CREATE INDEX access_account_role_by_role ON access_account_role (tenant_id, role_id);

-- An account whose password nobody has chosen yet can't sign in.
ALTER TABLE access_account ADD has_password boolean NOT NULL DEFAULT true;
ALTER TABLE access_account ADD state text NOT NULL GENERATED ALWAYS AS (
  CASE WHEN disabled THEN 'disabled' WHEN has_password THEN 'enabled' ELSE 'invited' END
) STORED CHECK (state IN ('enabled', 'invited', 'disabled'));
