-- additive
-- A second thing that somebody signs in with: an authenticator app (RFC 6238). Without `confirmed_at` it isn't asked for.
CREATE TABLE access_second_factor (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  secret_sealed text NOT NULL,
  confirmed_at timestamptz(3),
  -- The time step of the last code that was taken: none is taken twice.
  last_step bigint,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, account_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES access_account (tenant_id, id)
);

-- For a phone that is lost: each is good once.
CREATE TABLE access_recovery_code (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  -- SHA-256 of 80 random bits.
  code_hash text NOT NULL,
  PRIMARY KEY (tenant_id, account_id, code_hash),
  FOREIGN KEY (tenant_id, account_id) REFERENCES access_second_factor (tenant_id, account_id) ON DELETE CASCADE
);
