-- One queue for events, jobs, outboxes and inboxes. docs/decisions/0002 says how it works.

-- What is still to be done, and nothing else: done rows are deleted, given up ones move to kit_dead. `ref` is the row
-- that the work is about: an event, a job, a delivery.
--
-- Without a key a task is ready (due_at null), or waits until due_at: for its time, for the end of a lease, for the
-- next try. With a key the lane says that instead, for all tasks of the key. `retried` keeps what failed before away
-- from the batches: it runs alone.
CREATE TABLE kit_task (
  tenant_id uuid NOT NULL,
  queue text COLLATE "C" NOT NULL,
  ref uuid NOT NULL,
  -- The order of coming. Later in a transaction is later here; so is a transaction that began after another's commit.
  seq bigint GENERATED ALWAYS AS IDENTITY,
  key text COLLATE "C",
  -- Lower goes first, within a tenant.
  priority smallint NOT NULL DEFAULT 0,
  attempts smallint NOT NULL DEFAULT 0,
  retried boolean NOT NULL DEFAULT false,
  due_at timestamptz(3),
  -- The claim that works on it now.
  lease uuid,
  -- A call outside is under way. Still true when the lease is over: nobody can tell what came of it.
  begun boolean NOT NULL DEFAULT false,
  last_error text,
  trace_id text NOT NULL,
  PRIMARY KEY (queue, ref)
) WITH (
  fillfactor = 80,
  -- Rows come and go by the thousand: without these the table would be mostly holes.
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000
);
CREATE INDEX kit_task_ready ON kit_task (queue, retried, tenant_id, priority, seq) WHERE key IS NULL AND due_at IS NULL;
CREATE INDEX kit_task_keyed ON kit_task (queue, tenant_id, key, seq) WHERE key IS NOT NULL;
CREATE INDEX kit_task_waiting ON kit_task (due_at) WHERE due_at IS NOT NULL;

-- Keys that somebody works on (lease), or whose first task failed and waits. A key without a lane is free. Until null:
-- its time has come.
CREATE TABLE kit_lane (
  tenant_id uuid NOT NULL,
  queue text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  lease uuid,
  until timestamptz(3),
  PRIMARY KEY (queue, tenant_id, key)
) WITH (
  fillfactor = 60,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX kit_lane_ready ON kit_lane (queue, tenant_id, key) WHERE until IS NULL;
CREATE INDEX kit_lane_waiting ON kit_lane (until) WHERE until IS NOT NULL;

-- What was given up. It waits for somebody to look and to send it again.
CREATE TABLE kit_dead (
  tenant_id uuid NOT NULL,
  queue text COLLATE "C" NOT NULL,
  ref uuid NOT NULL,
  key text COLLATE "C",
  priority smallint NOT NULL,
  attempts smallint NOT NULL,
  last_error text NOT NULL,
  trace_id text NOT NULL,
  died_at timestamptz(3) NOT NULL,
  PRIMARY KEY (queue, ref)
);
CREATE INDEX kit_dead_by_time ON kit_dead (tenant_id, died_at, ref, queue);

-- The queues that running processes work off. One that nobody has named for a week is an orphan.
CREATE TABLE kit_queue (
  name text COLLATE "C" PRIMARY KEY,
  seen_at timestamptz(3) NOT NULL
);

-- Which queues an event goes to. A renamed handler's old row points at the new one and gets nothing any more.
ALTER TABLE kit_subscription ADD COLUMN keyed boolean NOT NULL DEFAULT false;
ALTER TABLE kit_subscription ADD COLUMN replaced_by text;

-- How long events are kept, as their definitions say: pruning also meets events that the pruning process doesn't know.
CREATE TABLE kit_event_type (
  name text PRIMARY KEY,
  keep_days integer NOT NULL
);

ALTER TABLE kit_event RENAME TO kit_event_before;
ALTER TABLE kit_event_before RENAME CONSTRAINT kit_event_pkey TO kit_event_before_pkey;
ALTER INDEX kit_event_by_name RENAME TO kit_event_before_by_name;
ALTER INDEX kit_event_by_trace RENAME TO kit_event_before_by_trace;

-- The event log, in months by the time that a UUIDv7 begins with. Rows are written once.
CREATE TABLE kit_event (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  key text COLLATE "C",
  payload jsonb NOT NULL,
  actor_kind text NOT NULL,
  actor_id text NOT NULL,
  trace_id text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  -- The queues it went to. What is in neither kit_task nor kit_dead was done.
  handlers text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX kit_event_by_name ON kit_event (name, tenant_id, id);
CREATE INDEX kit_event_by_trace ON kit_event (tenant_id, trace_id, id);
-- For clocks that go wrong: an event is never refused. The next month's partition takes its rows out of here.
CREATE TABLE kit_event_default PARTITION OF kit_event DEFAULT;

-- Writes events (`LoggedEvent` of the kit, a JSON array) and, for each handler of this moment, their tasks; `seq` follows
-- the order of the events. Returns the handlers. A function, because planning this costs more than doing it.
CREATE FUNCTION kit_emit(events jsonb, seen_since timestamptz) RETURNS SETOF text LANGUAGE plpgsql AS $$
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
    SELECT s.event_name, s.handler, s.keyed FROM kit_subscription s
    WHERE s.event_name IN (SELECT name FROM input) AND s.seen_at > seen_since AND s.replaced_by IS NULL
  ), logged AS (
    INSERT INTO kit_event (tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at, handlers)
    SELECT tenant_id, id, name, key, payload, actor_kind, actor_id, trace_id, occurred_at,
      ARRAY(SELECT handler FROM subscribed WHERE event_name = input.name ORDER BY handler)
    FROM input
  ), tasks AS (
    INSERT INTO kit_task (tenant_id, queue, ref, key, trace_id)
    SELECT tenant_id, handler, id, CASE WHEN keyed THEN coalesce(key, id::text) END, trace_id
    FROM input JOIN subscribed ON event_name = name ORDER BY n
  )
  SELECT DISTINCT handler FROM subscribed;
END $$;

-- When a handler was done with an event, and at which try.
CREATE TABLE kit_handled (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  handler text NOT NULL,
  attempts smallint NOT NULL,
  handled_at timestamptz(3) NOT NULL
) PARTITION BY RANGE (event_id);
CREATE INDEX kit_handled_by_event ON kit_handled (event_id);
CREATE TABLE kit_handled_default PARTITION OF kit_handled DEFAULT;

-- The smallest UUIDv7 of a month (UTC).
CREATE FUNCTION kit_first_id(month date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM month::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the partition of a month, if it isn't there, and moves what the default partition holds of it.
CREATE FUNCTION kit_add_month(parent text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  part text := parent || to_char(month, '_YYYYMM');
  id_column text := CASE parent WHEN 'kit_event' THEN 'id' ELSE 'event_id' END;
  low uuid := kit_first_id(month);
  high uuid := kit_first_id((month + interval '1 month')::date);
  policy record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('kit_add_month'));
  IF to_regclass(part) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part, parent);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
  EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO %I SELECT * FROM moved',
    parent || '_default', id_column, id_column, part) USING low, high;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, low, high);
  -- A partition named directly must not be a way round the table's policies.
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  FOR policy IN SELECT * FROM pg_policies WHERE schemaname = current_schema() AND tablename = parent LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR %s TO %s', policy.policyname, part, policy.cmd,
      (SELECT string_agg(quote_ident(role), ', ') FROM unnest(policy.roles) AS role))
      || coalesce(' USING (' || policy.qual || ')', '') || coalesce(' WITH CHECK (' || policy.with_check || ')', '');
  END LOOP;
  RETURN true;
END $$;

CREATE TABLE kit_job (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  payload jsonb NOT NULL,
  -- Waiting: never begun. What failed once is retrying, and no longer the one that a singleton key means.
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'retrying', 'done', 'dead', 'cancelled')),
  singleton_key text,
  progress jsonb,
  actor_id text NOT NULL,
  trace_id text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX kit_job_singleton ON kit_job (tenant_id, name, singleton_key)
  WHERE state = 'waiting' AND singleton_key IS NOT NULL;
CREATE INDEX kit_job_over ON kit_job (updated_at) WHERE state IN ('done', 'cancelled');

-- What runs at its times: the platform's (the Max UUID's), and each tenant's own in its zone. When it runs next is
-- the due_at of its task.
CREATE TABLE kit_schedule (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  last_at timestamptz(3),
  last_error text,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

-- This month and the next two; what was before is one part.
SELECT kit_add_month(parent, (date_trunc('month', now() AT TIME ZONE 'UTC') + ahead * interval '1 month')::date)
FROM unnest(ARRAY['kit_event', 'kit_handled']) AS parent, generate_series(0, 2) AS ahead;
DO $$
DECLARE
  this_month uuid := kit_first_id(date_trunc('month', now() AT TIME ZONE 'UTC')::date);
BEGIN
  EXECUTE format('CREATE TABLE kit_event_past PARTITION OF kit_event FOR VALUES FROM (MINVALUE) TO (%L)', this_month);
  EXECUTE format('CREATE TABLE kit_handled_past PARTITION OF kit_handled FOR VALUES FROM (MINVALUE) TO (%L)', this_month);
END $$;

-- What the old tables held goes over, pending and given up deliveries too.

INSERT INTO kit_delivery (tenant_id, event_id, event_name, handler, state, due_at, updated_at)
SELECT e.tenant_id, e.id, e.name, s.handler, 'pending', e.occurred_at, e.occurred_at
FROM kit_event_before e JOIN kit_subscription s ON s.event_name = e.name
WHERE e.dispatched_at IS NULL
ON CONFLICT DO NOTHING;

INSERT INTO kit_event (tenant_id, id, name, payload, actor_kind, actor_id, trace_id, occurred_at, handlers)
SELECT e.tenant_id, e.id, e.name, e.payload, e.actor_kind, e.actor_id, e.trace_id, e.occurred_at,
  coalesce((SELECT array_agg(d.handler ORDER BY d.handler) FROM kit_delivery d
    WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id), '{}')
FROM kit_event_before e;

INSERT INTO kit_task (tenant_id, queue, ref, attempts, retried, due_at, last_error, trace_id)
SELECT d.tenant_id, d.handler, d.event_id, d.attempts, d.attempts > 0, d.due_at, d.last_error, e.trace_id
FROM kit_delivery d JOIN kit_event e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.state = 'pending'
ORDER BY d.event_id, d.handler;

INSERT INTO kit_dead (tenant_id, queue, ref, priority, attempts, last_error, trace_id, died_at)
SELECT d.tenant_id, d.handler, d.event_id, 0, d.attempts, coalesce(d.last_error, ''), e.trace_id, d.updated_at
FROM kit_delivery d JOIN kit_event e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.state = 'dead';

INSERT INTO kit_handled (tenant_id, event_id, handler, attempts, handled_at)
SELECT tenant_id, event_id, handler, attempts, updated_at FROM kit_delivery WHERE state = 'done';

DROP TABLE kit_delivery;
DROP TABLE kit_event_before;

-- Jobs were pg-boss's, in a schema of its own. What waits there goes over: its first try, its next one, or, where a
-- process was at work on it, another one when that must be over. A job that no process knows by now becomes a dead
-- letter in a week, as with any queue; one that says no tenant, the platform's at once. Runs of schedules (they have no
-- data) come again by themselves. The schema goes, so that a process of the older version fails rather than queues what
-- nobody would see; where it can't go, it stays, without what was moved.
DO $$
BEGIN
  IF to_regclass('pgboss.job') IS NULL THEN RETURN; END IF;
  BEGIN
    EXECUTE $move$
      WITH old AS (
        DELETE FROM pgboss.job WHERE state IN ('created', 'retry', 'active') RETURNING *
      ), job AS MATERIALIZED (
        SELECT name, created_on, zg_id() AS id,
          CASE WHEN data ->> 'tenantId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (data ->> 'tenantId')::uuid
          END AS tenant_id,
          CASE WHEN data ? 'payload' THEN data -> 'payload' ELSE data END AS payload,
          coalesce(data ->> 'actorId', 'system') AS actor_id, coalesce(data ->> 'traceId', repeat('0', 32)) AS trace_id,
          least(retry_count + (started_on IS NOT NULL)::int, 30000)::smallint AS attempts,
          CASE WHEN state = 'active' THEN started_on + expire_seconds * interval '1 second' ELSE start_after END AS due_at,
          output ->> 'message' AS last_error
        FROM old WHERE data IS NOT NULL AND data <> 'null' AND name NOT LIKE '\_\_pgboss\_\_%'
      ), kept AS (
        INSERT INTO kit_job (tenant_id, id, name, payload, state, actor_id, trace_id, created_at, updated_at)
        SELECT coalesce(tenant_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), id, name, payload,
          CASE WHEN tenant_id IS NULL THEN 'dead' WHEN attempts > 0 THEN 'retrying' ELSE 'waiting' END,
          actor_id, trace_id, created_on, now()
        FROM job
      ), dead AS (
        INSERT INTO kit_dead (tenant_id, queue, ref, priority, attempts, last_error, trace_id, died_at)
        SELECT 'ffffffff-ffff-ffff-ffff-ffffffffffff', name, id, 0, attempts, 'it does not say for which tenant it is',
          trace_id, now()
        FROM job WHERE tenant_id IS NULL
      )
      INSERT INTO kit_task (tenant_id, queue, ref, attempts, retried, due_at, last_error, trace_id)
      SELECT tenant_id, name, id, attempts, attempts > 0, CASE WHEN due_at > now() THEN due_at END, last_error, trace_id
      FROM job WHERE tenant_id IS NOT NULL
      ORDER BY created_on, id
    $move$;
  EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
    RAISE WARNING 'the jobs in the schema pgboss could not be read, and stay there: %', SQLERRM;
    RETURN;
  END;
  BEGIN
    DROP SCHEMA pgboss CASCADE;
  EXCEPTION WHEN insufficient_privilege OR lock_not_available OR dependent_objects_still_exist THEN
    RAISE WARNING 'the schema pgboss could not be dropped; nothing needs it any more: %', SQLERRM;
  END;
END $$;
