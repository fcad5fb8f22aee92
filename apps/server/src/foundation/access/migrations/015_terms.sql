-- additive
-- What a tenant has agreed on. Those that were here before had no limits and no end, and keep that.
ALTER TABLE access_tenant ADD plan text NOT NULL DEFAULT 'partner' CHECK (plan IN ('basic', 'growth', 'enterprise', 'partner'));
-- From then on it reads only.
ALTER TABLE access_tenant ADD expires_at timestamptz(3);
ALTER TABLE access_tenant ADD suspended_at timestamptz(3);
-- Told to the tenant's people.
ALTER TABLE access_tenant ADD suspended_because text NOT NULL DEFAULT '';
-- In place of what the plan says, by the names of limits; null: no limit.
ALTER TABLE access_tenant ADD limits jsonb NOT NULL DEFAULT '{}';
ALTER TABLE access_tenant ADD summary text NOT NULL DEFAULT '';
COMMENT ON COLUMN access_tenant.limits IS 'In place of what the plan says, by the names of limits; null: no limit. {type Readonly<Record<string, number | null>>}';

-- Every process keeps these in memory, and hears of a change with the transaction that makes it.
CREATE FUNCTION access_tell_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('kit_queue', jsonb_build_array('tenant ' || NEW.id)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR UPDATE ON access_tenant FOR EACH ROW EXECUTE FUNCTION access_tell_tenant();

-- All of them, for the one that runs the server; to every other there are none.
CREATE FUNCTION access_tenants() RETURNS SETOF access_tenant LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT * FROM access_tenant WHERE access_is_platform()
$$;

COMMENT ON COLUMN access_tenant.plan IS 'What it has agreed on with whoever runs the server: limits come from there.';
COMMENT ON COLUMN access_tenant.expires_at IS 'From then on it reads only; null: never.';
COMMENT ON COLUMN access_tenant.suspended_at IS 'Since when the platform lets it read only; null while it doesn''t.';
COMMENT ON COLUMN access_tenant.suspended_because IS 'Why, in the platform''s words, told to the tenant''s people; empty while it isn''t.';
COMMENT ON COLUMN access_tenant.summary IS 'What it is, in a few words, for the report of the platform.';
