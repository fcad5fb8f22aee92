-- How often a tenant's configuration has changed: what a process keeps in memory of it holds as long as this number.
CREATE TABLE kit_configuration (
  tenant_id uuid PRIMARY KEY,
  version bigint NOT NULL
);

-- For triggers on the tables that hold configuration, FOR EACH ROW: bumps the version of the row's tenant.
CREATE FUNCTION kit_configuration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO kit_configuration (tenant_id, version)
  VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END, 1)
  ON CONFLICT (tenant_id) DO UPDATE SET version = kit_configuration.version + 1;
  RETURN NULL;
END $$;

CREATE FUNCTION kit_configuration_version(tenant uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT version FROM kit_configuration WHERE tenant_id = tenant), 0)
$$;
