-- additive
-- Who came by a provider has been asked for as much as the provider asks for: no second factor of ours is demanded.
ALTER TABLE access_session ADD by_provider boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN access_session.by_provider IS 'Begun by single sign-on: the provider has asked who it is, and no password of ours.';
