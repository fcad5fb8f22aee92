-- additive
-- For triggers of other modules: rows of what holds for all tenants are the first one's alone, whatever a statement tries.
CREATE FUNCTION access_demand_platform() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM access_tenant WHERE id = NEW.tenant_id AND first) THEN
    RAISE EXCEPTION 'tenant % does not run this server: it has no rows for all tenants in %', NEW.tenant_id, TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
