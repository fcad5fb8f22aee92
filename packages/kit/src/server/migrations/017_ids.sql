-- additive
-- As before (002_defaults.sql), in PL/pgSQL: PostgreSQL can't inline it, and begins a query of its own for each call of a
-- function in SQL. Each row that is inserted asks for an id.
CREATE OR REPLACE FUNCTION zg_id() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  n bigint := nextval('zg_id_counter');
BEGIN
  RETURN (lpad(to_hex((extract(epoch FROM zg_now()) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n >> 14), 3, '0')
    || to_hex(32768 | (n & 16383)) || right(gen_random_uuid()::text, 12))::uuid;
END $$;
