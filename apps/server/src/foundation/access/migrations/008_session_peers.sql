-- additive
-- Accounts of other tenants that the person of a session has proven to be theirs: same login, and its password was
-- typed. `proof` is SHA-256 of the password hash of that moment: a password that was changed since proves nothing.
CREATE TABLE access_session_peer (
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  peer_tenant_id uuid NOT NULL,
  peer_account_id uuid NOT NULL,
  proof text NOT NULL,
  PRIMARY KEY (tenant_id, session_id, peer_tenant_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES access_session (tenant_id, id) ON DELETE CASCADE
);
