-- additive
-- A handler may be for those tenants only that listen by it: to others it costs a look into an index, and no task.
ALTER TABLE kit_subscription ADD by_tenant boolean NOT NULL DEFAULT false;
-- Or take a tenant's events one after the other, whatever they are about.
ALTER TABLE kit_subscription ADD one_lane boolean NOT NULL DEFAULT false;

CREATE TABLE kit_listening (
  tenant_id uuid NOT NULL,
  event_name text COLLATE "C" NOT NULL,
  handler text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, event_name, handler)
);

-- As before (006_queue.sql), but that it looks who of the tenants listens; and it returns the queues that got something.
CREATE OR REPLACE FUNCTION kit_emit(events jsonb, seen_since timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH input AS MATERIALIZED (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(events) AS (
      tenant_id uuid, id uuid, name text, key text, payload jsonb, actor_kind text, actor_id text, trace_id text,
      occurred_at timestamptz
    )) WITH ORDINALITY AS input(
      tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at, n)
  ), subscribed AS MATERIALIZED (
    SELECT s.event_name, s.handler, s.keyed, s.by_tenant, s.one_lane FROM kit_subscription s
    WHERE s.event_name IN (SELECT name FROM input) AND s.seen_at > seen_since AND s.replaced_by IS NULL
  ), heard AS MATERIALIZED (
    SELECT i.n, s.handler,
      CASE WHEN s.one_lane THEN 'all' WHEN s.keyed THEN coalesce(i.key, i.id::text) END AS lane
    FROM input i JOIN subscribed s ON s.event_name = i.name
    WHERE NOT s.by_tenant OR EXISTS (SELECT FROM kit_listening l
      WHERE l.tenant_id = i.tenant_id AND l.event_name = i.name AND l.handler = s.handler)
  ), logged AS (
    INSERT INTO kit_event (tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at, handlers)
    SELECT tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at,
      ARRAY(SELECT handler FROM heard WHERE heard.n = input.n ORDER BY handler)
    FROM input
  ), tasks AS (
    INSERT INTO kit_task (tenant_id, queue, ref, key, trace_id)
    SELECT i.tenant_id, h.handler, i.id, h.lane, i.trace_id
    FROM input i JOIN heard h ON h.n = i.n ORDER BY i.n
    RETURNING queue
  )
  SELECT DISTINCT queue FROM tasks;
END $$;
