-- additive
-- Whether the ctx's tenant is the one that runs the server: the table of tenants itself it may not read.
CREATE FUNCTION access_is_platform() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (SELECT FROM access_tenant WHERE id = current_setting('zg.tenant')::uuid AND first)
$$;
