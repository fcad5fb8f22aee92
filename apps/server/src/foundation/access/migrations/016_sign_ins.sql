-- additive
-- What somebody signed in with, and from where: for the list of one's own sign-ins.
ALTER TABLE access_session ADD agent text NOT NULL DEFAULT '';
ALTER TABLE access_session ADD source text NOT NULL DEFAULT '';

-- Sessions of an account that somebody else acts in, with their own session behind it.
CREATE TABLE access_impersonation (
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  impersonator_id uuid NOT NULL,
  own_session_id uuid NOT NULL,
  reason text NOT NULL,
  until timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT zg_now(),
  PRIMARY KEY (tenant_id, session_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES access_session (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, impersonator_id) REFERENCES access_account (tenant_id, id)
);

COMMENT ON COLUMN access_session.agent IS 'What it was begun with (User-Agent); empty before this was noted.';
COMMENT ON COLUMN access_session.source IS 'The network that it was begun from; empty before this was noted.';

COMMENT ON TABLE access_impersonation IS 'Sessions in which somebody acts in another''s name. The session is the other''s.';
COMMENT ON COLUMN access_impersonation.session_id IS 'The session in the other''s name.';
COMMENT ON COLUMN access_impersonation.impersonator_id IS 'The account that really acts.';
COMMENT ON COLUMN access_impersonation.own_session_id IS 'Their own session, which lies behind it and goes on.';
COMMENT ON COLUMN access_impersonation.reason IS 'Why, in their words.';
COMMENT ON COLUMN access_impersonation.until IS 'When it is over at the latest; renewals don''t lengthen it.';
