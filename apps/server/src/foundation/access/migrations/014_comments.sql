-- additive
-- What tables and columns hold (docs/database). The runner says what tenant_id, id, created_at and trace_id are.

COMMENT ON TABLE access_tenant IS 'The businesses on this server. Rows are made by set-up and by whoever runs the server; the platform''s own table.';
COMMENT ON COLUMN access_tenant.id IS 'UUIDv7: every row of the tenant has it as tenant_id.';
COMMENT ON COLUMN access_tenant.name IS 'As its people call it.';
COMMENT ON COLUMN access_tenant.zone IS 'Its clock, an IANA name: business days are counted by it.';
COMMENT ON COLUMN access_tenant.first IS 'True for the one that runs the server; null for all others.';
COMMENT ON COLUMN access_tenant.created_at IS 'When it was made.';

COMMENT ON TABLE access_account IS 'People who sign in, one row for each tenant that they work for.';
COMMENT ON COLUMN access_account.login IS 'What they type, in lower case; unique within the tenant.';
COMMENT ON COLUMN access_account.display_name IS 'As colleagues see them.';
COMMENT ON COLUMN access_account.password_hash IS 'Argon2id, with its parameters; of a random password until somebody has chosen one.';
COMMENT ON COLUMN access_account.disabled IS 'Whether they may no longer sign in.';
COMMENT ON COLUMN access_account.has_password IS 'Whether somebody has chosen the password; false for the invited.';
COMMENT ON COLUMN access_account.state IS 'Made of the two before, for filters.';

COMMENT ON TABLE access_account_role IS 'Which accounts have which roles.';
COMMENT ON COLUMN access_account_role.account_id IS 'The account.';
COMMENT ON COLUMN access_account_role.role_id IS 'The role.';

COMMENT ON TABLE access_department IS 'Who belongs together: a tree.';
COMMENT ON COLUMN access_department.name IS 'As people call it.';
COMMENT ON COLUMN access_department.parent_id IS 'The department above; null at the top.';
COMMENT ON COLUMN access_department.head_id IS 'The account that leads it, and so everything below; null: nobody.';

COMMENT ON TABLE access_department_member IS 'Which accounts are in which departments.';
COMMENT ON COLUMN access_department_member.account_id IS 'The account.';
COMMENT ON COLUMN access_department_member.department_id IS 'The department.';

COMMENT ON TABLE access_invitation IS 'Open invitations, one at most for each account: whoever has the link may choose the password.';
COMMENT ON COLUMN access_invitation.account_id IS 'The account that it is for.';
COMMENT ON COLUMN access_invitation.token_hash IS 'SHA-256 of the 256 random bits in the link.';
COMMENT ON COLUMN access_invitation.expires_at IS 'From when it is good for nothing.';
COMMENT ON COLUMN access_invitation.issued_by IS 'The account that made it: it holds as long as that one could make it again. Null: made before this was noted.';

COMMENT ON TABLE access_login_attempt IS 'Wrong passwords of late, of all tenants; forgotten within minutes. Written by sign-in.';
COMMENT ON COLUMN access_login_attempt.subject IS 'An account''s id or, where there is none, the login; empty: over all accounts of a source.';
COMMENT ON COLUMN access_login_attempt.source IS 'Network it came from; empty: over all sources of a subject.';
COMMENT ON COLUMN access_login_attempt.failures IS 'How many in a row.';
COMMENT ON COLUMN access_login_attempt.last_at IS 'When the last one was.';

COMMENT ON TABLE access_recovery_code IS 'Codes for a lost authenticator, each good once: a used one is deleted.';
COMMENT ON COLUMN access_recovery_code.account_id IS 'The account.';
COMMENT ON COLUMN access_recovery_code.code_hash IS 'SHA-256 of its 80 random bits.';

COMMENT ON TABLE access_role IS 'Roles: named sets of permissions, and how far they reach.';
COMMENT ON COLUMN access_role.name IS 'As people call it.';
COMMENT ON COLUMN access_role.built_in IS 'Which of the system''s roles it is, whose permissions are computed; null for a tenant''s own.';
COMMENT ON COLUMN access_role.permissions IS 'Codes of permissions; `@…` stands for what permissions themselves say of such a role.';
COMMENT ON COLUMN access_role.data_scope IS 'Whose things it reaches, where things have owners.';

COMMENT ON TABLE access_second_factor IS 'Authenticator apps (RFC 6238), one for each account at most.';
COMMENT ON COLUMN access_second_factor.account_id IS 'The account.';
COMMENT ON COLUMN access_second_factor.secret_sealed IS 'The shared secret, sealed.';
COMMENT ON COLUMN access_second_factor.confirmed_at IS 'When a first code was typed; null: set up but not asked for yet.';
COMMENT ON COLUMN access_second_factor.last_step IS 'Time step (30 s) of the last code that was taken: none is taken twice. Null before the first.';

COMMENT ON TABLE access_session IS 'Who is or was signed in. Ended ones are kept for a month.';
COMMENT ON COLUMN access_session.account_id IS 'The account.';
COMMENT ON COLUMN access_session.refresh_hash IS 'SHA-256 of the one refresh token that is good now.';
COMMENT ON COLUMN access_session.expires_at IS 'From when it can''t be renewed.';
COMMENT ON COLUMN access_session.ended_at IS 'When it was ended; null while it isn''t.';
COMMENT ON COLUMN access_session.ended_because IS 'Why it was ended; null while it isn''t.';
COMMENT ON COLUMN access_session.previous_hash IS 'SHA-256 of the token before, which is answered again for a while; null before the first renewal.';
COMMENT ON COLUMN access_session.renewed_at IS 'When it was renewed last; null before.';

COMMENT ON TABLE access_session_peer IS 'Accounts of other tenants that a session''s person has proven to be theirs.';
COMMENT ON COLUMN access_session_peer.session_id IS 'The session.';
COMMENT ON COLUMN access_session_peer.peer_tenant_id IS 'The other tenant.';
COMMENT ON COLUMN access_session_peer.peer_account_id IS 'The account there.';
COMMENT ON COLUMN access_session_peer.proof IS 'SHA-256 of that account''s password hash of then: a password changed since proves nothing.';

COMMENT ON TABLE access_used_refresh IS 'Refresh tokens that were used: one that comes again was stolen, and ends its session.';
COMMENT ON COLUMN access_used_refresh.session_id IS 'The session.';
COMMENT ON COLUMN access_used_refresh.refresh_hash IS 'SHA-256 of the token.';
