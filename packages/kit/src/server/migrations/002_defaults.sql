-- What a column's default takes for the present: the ctx's clock, which travels with its tenant; the database's own
-- where there is no ctx. In milliseconds, as JavaScript keeps them: a cursor of a finer time would skip rows.
CREATE FUNCTION zg_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('zg.now', true), '')::timestamptz, date_trunc('milliseconds', now()))
$$;

-- A UUIDv7 (RFC 9562 §5.7): 48 bits of zg_now() in milliseconds, then a counter of 26 bits (method 1 of §6.2), so that
-- the ids of one statement rise, then 48 random bits.
CREATE SEQUENCE zg_id_counter MINVALUE 0 MAXVALUE 67108863 CYCLE CACHE 64;
CREATE FUNCTION zg_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM zg_now()) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n >> 14), 3, '0')
    || to_hex(32768 | (n & 16383)) || right(gen_random_uuid()::text, 12))::uuid
  FROM nextval('zg_id_counter') AS n
$$;

ALTER TABLE kit_event ALTER occurred_at TYPE timestamptz(3), ALTER dispatched_at TYPE timestamptz(3);
ALTER TABLE kit_delivery ALTER due_at TYPE timestamptz(3), ALTER updated_at TYPE timestamptz(3);
ALTER TABLE kit_subscription ALTER seen_at TYPE timestamptz(3);
