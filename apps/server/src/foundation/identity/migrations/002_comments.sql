-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE identity_provider IS 'Where people of a tenant sign in instead of here (OpenID Connect).';
COMMENT ON COLUMN identity_provider.name IS 'As the login page calls it.';
COMMENT ON COLUMN identity_provider.issuer IS 'Its address; the discovery document lies below.';
COMMENT ON COLUMN identity_provider.client_id IS 'As it knows us.';
COMMENT ON COLUMN identity_provider.client_secret_sealed IS 'Our secret there, sealed; null for a public client (PKCE alone).';
COMMENT ON COLUMN identity_provider.enabled IS 'Whether the login page offers it.';
COMMENT ON COLUMN identity_provider.links_by_email IS 'Whoever comes for the first time finds their account by a verified mail address.';
COMMENT ON COLUMN identity_provider.joins IS 'Whoever has no account is given one.';
COMMENT ON COLUMN identity_provider.domains IS 'Mail domains of those who may be given one; empty: any.';
COMMENT ON COLUMN identity_provider.groups_claim IS 'The claim that tells groups; null: none is read.';

COMMENT ON TABLE identity_grant IS 'Roles that a provider gives to whoever is in a group.';
COMMENT ON COLUMN identity_grant.provider_id IS 'The provider.';
COMMENT ON COLUMN identity_grant.group_name IS 'The group; empty: to whoever is given an account.';
COMMENT ON COLUMN identity_grant.role_id IS 'The role.';

COMMENT ON TABLE identity_subject IS 'Who somebody is at a provider.';
COMMENT ON COLUMN identity_subject.provider_id IS 'The provider.';
COMMENT ON COLUMN identity_subject.subject IS 'The `sub` claim: it stays when name and address change.';
COMMENT ON COLUMN identity_subject.account_id IS 'The account here.';
COMMENT ON COLUMN identity_subject.last_at IS 'When they came by it last.';
