-- additive
-- For triggers, FOR EACH ROW: every process forgets what it keeps of the row, with the transaction that changed it. The
-- first argument names the cache, the second the column that is its key.
CREATE FUNCTION kit_forget_cached() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed jsonb := to_jsonb(OLD);
BEGIN
  PERFORM pg_notify('kit_queue', jsonb_build_array(
    format('cache %s %s %s', TG_ARGV[0], changed ->> 'tenant_id', changed ->> TG_ARGV[1]))::text);
  RETURN NULL;
END $$;
