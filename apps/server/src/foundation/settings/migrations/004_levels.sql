-- additive
-- Settings are set at levels: a place is a setting at one of them. Versions are counted by setting, over all places.
ALTER TABLE settings_value ADD COLUMN scope_kind text NOT NULL DEFAULT 'tenant'
  CHECK (scope_kind IN ('platform', 'tenant', 'app', 'store'));
-- Which app, which store; empty elsewhere.
ALTER TABLE settings_value ADD COLUMN scope_id text NOT NULL DEFAULT ''
  CHECK ((scope_id <> '') = (scope_kind IN ('app', 'store')));
ALTER TABLE settings_value ADD COLUMN place text NOT NULL GENERATED ALWAYS AS (
  CASE scope_kind WHEN 'tenant' THEN key WHEN 'platform' THEN key || ' platform'
  ELSE key || ' ' || scope_kind || ' ' || scope_id END) STORED;
-- A level that was cleared inherits again: its value is null then.
ALTER TABLE settings_value ADD COLUMN state text NOT NULL DEFAULT 'set' CHECK (state IN ('set', 'cleared'));
-- Of the platform's: it holds whatever tenants say.
ALTER TABLE settings_value ADD COLUMN is_pinned boolean NOT NULL DEFAULT false
  CHECK (NOT is_pinned OR scope_kind = 'platform');
ALTER TABLE settings_value ADD COLUMN comment text NOT NULL DEFAULT '';
-- Of a secret: its value is null then.
ALTER TABLE settings_value ADD COLUMN value_sealed text;
CREATE INDEX settings_value_by_place ON settings_value (tenant_id, place, version DESC);
CREATE INDEX settings_value_of_platform ON settings_value (place, version DESC) WHERE scope_kind = 'platform';

-- Tells every process with the change, so that what it keeps in memory is never older than a moment.
CREATE FUNCTION settings_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed settings_value := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  PERFORM pg_notify('kit_queue', jsonb_build_array('settings ' ||
    CASE changed.scope_kind WHEN 'platform' THEN 'platform' ELSE changed.tenant_id::text END)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON settings_value
  FOR EACH ROW EXECUTE FUNCTION settings_tell();

-- What holds for all tenants only the one that runs the server says.
CREATE TRIGGER of_platform BEFORE INSERT OR UPDATE ON settings_value
  FOR EACH ROW WHEN (NEW.scope_kind = 'platform') EXECUTE FUNCTION access_demand_platform();
