/*
 * How work is claimed: one statement each, committed before anything runs, attempts counted. Parameters of all four:
 *
 * $1 queue, $2 cursor (a tenant), $3 batch, $4 lease, $5 its milliseconds, $6 clock offset, $7 tenants to pass over
 *
 * and of those that claim batches: $8 tenants that get no more than what $9 says at the same place
 *
 * The planner must not sort or read whole tables here; the connection that runs them forbids it (connection.ts).
 */

/**
 * The database's time, moved by the server's offset (parameter `offset`, milliseconds): processes agree on it however
 * their machines' clocks differ.
 */
export function timeOf(offset: string): string {
  return `(now() + ${offset}::bigint * interval '1 millisecond')`;
}

const leaseEnd = `${timeOf("$6")} + $5::bigint * interval '1 millisecond'`;
const claimedColumns = "t.tenant_id, t.ref, t.key, t.seq, t.attempts, t.trace_id, t.begun AS lost";
const noTask = "NULL::uuid, NULL::uuid, NULL::text, NULL::bigint, NULL::smallint, NULL::text, NULL::boolean";
/** How many tenants one claim visits at most. */
const turnLength = "($3::int + cardinality($7::uuid[]))";

/**
 * The tenants whose turn it is: those after the cursor that have tasks for which `ready` holds, by a loose index scan.
 * `turn_ended` is the last one when the turn was cut off, null when it reached the last tenant.
 */
function turn(ready: string): string {
  const next = (after: string): string => `(SELECT tenant_id FROM kit_task
      WHERE queue = $1 AND ${ready} AND tenant_id > ${after} ORDER BY tenant_id LIMIT 1)`;
  return `turn(tenant_id, n) AS (
  SELECT first.tenant_id, 1 FROM ${next("$2::uuid")} first
  UNION ALL
  SELECT next.tenant_id, turn.n + 1 FROM turn, LATERAL ${next("turn.tenant_id")} next WHERE turn.n < ${turnLength}
), open AS MATERIALIZED (
  SELECT turn.tenant_id, slow.most, least(slow.most, ceil($3::int / (count(*) OVER ())::numeric)::int) AS share
  FROM turn LEFT JOIN unnest($8::uuid[], $9::int[]) AS slow(tenant_id, most) ON slow.tenant_id = turn.tenant_id
  WHERE turn.tenant_id <> ALL ($7::uuid[])
)`;
}
/** What a claim says besides its tasks, as a row of its own. */
const report = `(SELECT tenant_id FROM turn WHERE n = ${turnLength}) AS turn_ended,
  ARRAY(SELECT tenant_id FROM turn LIMIT 20) AS turn`;

/** Tasks without a key that were never tried: of each tenant whose turn it is an equal share. */
export const claimFresh = `
WITH RECURSIVE ${turn("NOT retried AND key IS NULL AND due_at IS NULL")}, picked AS MATERIALIZED (
  SELECT each.ref FROM open, LATERAL (
    SELECT ref FROM kit_task
    WHERE queue = $1 AND NOT retried AND tenant_id = open.tenant_id AND key IS NULL AND due_at IS NULL
    ORDER BY priority, seq LIMIT open.share FOR UPDATE SKIP LOCKED) each
  LIMIT $3::int
), claimed AS (
  UPDATE kit_task t SET attempts = attempts + 1, lease = $4::uuid, due_at = ${leaseEnd}
  WHERE t.queue = $1 AND t.ref = ANY (ARRAY(SELECT ref FROM picked))
  RETURNING ${claimedColumns}
)
SELECT c.*, NULL::uuid AS turn_ended, NULL::uuid[] AS turn FROM claimed c
UNION ALL
SELECT ${noTask}, ${report}`;

const nobody = "'00000000-0000-0000-0000-000000000000'::uuid";
/**
 * `waiting`: the tenants that have a row of `table` for which `ready` holds, from the one behind the cursor on and
 * around, by a loose index scan that goes no further than it is read. Those to pass over cost a step each, and not as
 * much as waits for them.
 */
function tenantsAround(table: string, ready: string): string {
  const next = (after: string, until: string): string => `(SELECT tenant_id FROM ${table}
      WHERE queue = $1 AND ${ready} AND tenant_id > ${after}${until} ORDER BY tenant_id LIMIT 1)`;
  const walk = (from: string, until: string): string => `
  SELECT first.tenant_id FROM ${next(from, until)} first
  UNION ALL
  SELECT next.tenant_id FROM step, LATERAL ${next("step.tenant_id", until)} next`;
  return `waiting AS (
  SELECT tenant_id FROM (
    SELECT * FROM (WITH RECURSIVE step(tenant_id) AS (${walk("$2::uuid", "")}) SELECT * FROM step) after
    UNION ALL
    SELECT * FROM (WITH RECURSIVE step(tenant_id) AS (${walk(nobody, " AND tenant_id <= $2::uuid")})
      SELECT * FROM step) around
  ) each WHERE tenant_id <> ALL ($7::uuid[])
)`;
}

/**
 * One task without a key that failed before, or whose process died: alone, so that what kills its transaction once more
 * counts against nobody else. `lost`: it was begun, and whoever did never said what came of it.
 */
export const claimRetry = `
WITH ${tenantsAround("kit_task", "retried AND key IS NULL AND due_at IS NULL")}, picked AS MATERIALIZED (
  SELECT each.ref FROM waiting, LATERAL (SELECT ref FROM kit_task
    WHERE queue = $1 AND retried AND tenant_id = waiting.tenant_id AND key IS NULL AND due_at IS NULL
    ORDER BY priority, seq LIMIT 1 FOR UPDATE SKIP LOCKED) each
  LIMIT least(1, $3::int)
)
UPDATE kit_task t SET attempts = attempts + 1, lease = $4::uuid, due_at = ${leaseEnd}
FROM picked WHERE t.queue = $1 AND t.ref = picked.ref
RETURNING ${claimedColumns}, t.tenant_id AS turn_ended`;

/** How many keys of a tenant one claim looks at. Those that are worked on, or wait, cost a look and nothing more. */
const keysLookedAt = 500;
const head = (after: string): string => `LATERAL (
        SELECT t.key, t.attempts, NOT EXISTS (SELECT 1 FROM kit_lane l
          WHERE l.queue = $1 AND l.tenant_id = open.tenant_id AND l.key = t.key) AS free
        FROM kit_task t WHERE t.queue = $1 AND t.tenant_id = open.tenant_id AND t.key IS NOT NULL AND t.key > ${after}
        ORDER BY t.key, t.seq LIMIT 1) head`;

/**
 * The first tasks of free keys, of each tenant whose turn it is an equal share. $10 and $11 say where the walk along a
 * tenant's keys was cut off before; it goes on there, however many keys in a row are blocked, and `cut_tenants` and
 * `cut_keys` say where it is cut off now.
 *
 * A key is taken by making its lane: whoever comes second finds it. Keys are taken in order, so that two claims don't
 * wait for each other. A first task that was tried before is left to `claimKeyedRetry`, by a lane that is ready.
 */
export const claimKeyedFresh = keyedFresh("taken.share");
/** The same, one task of a key at a time: what reaches outside one by one is not run in one go, in its order. */
export const claimKeyedAlone = keyedFresh("1");

function keyedFresh(ofEachKey: "taken.share" | "1"): string {
  return `
WITH RECURSIVE ${turn("key IS NOT NULL")}, heads AS MATERIALIZED (
  SELECT open.tenant_id, open.share, walk.*
  FROM open
  LEFT JOIN unnest($10::uuid[], $11::text[]) AS cut(tenant_id, key) ON cut.tenant_id = open.tenant_id, LATERAL (
    WITH RECURSIVE step(key, attempts, free, n, taken) AS (
      SELECT head.*, 1, head.free::int FROM ${head("coalesce(cut.key, '')")}
      UNION ALL
      SELECT head.*, step.n + 1, step.taken + head.free::int FROM step, ${head("step.key")}
      WHERE step.n < ${keysLookedAt} AND step.taken < open.share
    ) SELECT * FROM step) walk
), cuts AS MATERIALIZED (
  SELECT tenant_id, max(key) AS key FROM heads
  GROUP BY tenant_id HAVING max(n) >= ${keysLookedAt} OR max(taken) >= max(share)
), lanes AS (
  INSERT INTO kit_lane (queue, tenant_id, key, lease, until)
  SELECT $1, tenant_id, key, CASE WHEN attempts = 0 THEN $4::uuid END, CASE WHEN attempts = 0 THEN ${leaseEnd} END
  FROM heads WHERE free ORDER BY tenant_id, key
  ON CONFLICT DO NOTHING RETURNING tenant_id, key, lease
), taken AS MATERIALIZED (
  SELECT lanes.tenant_id, lanes.key, least(
      ceil($3::int / (count(*) OVER ())::numeric),
      ceil(open.most / (count(*) OVER (PARTITION BY lanes.tenant_id))::numeric))::int AS share
  FROM lanes JOIN open ON open.tenant_id = lanes.tenant_id WHERE lease IS NOT NULL
), picked AS MATERIALIZED (
  SELECT each.ref FROM taken, LATERAL (
    SELECT first.ref, bool_and(first.attempts = 0) OVER (ORDER BY first.seq) AS fresh FROM (
      SELECT ref, attempts, seq FROM kit_task t
      WHERE t.queue = $1 AND t.tenant_id = taken.tenant_id AND t.key = taken.key ORDER BY seq LIMIT ${ofEachKey}) first
    ) each
  WHERE each.fresh
), claimed AS (
  UPDATE kit_task t SET attempts = attempts + 1, lease = $4::uuid
  WHERE t.queue = $1 AND t.ref = ANY (ARRAY(SELECT ref FROM picked))
  RETURNING ${claimedColumns}
)
SELECT c.*, NULL::uuid AS turn_ended, NULL::uuid[] AS turn, NULL::uuid[] AS cut_tenants, NULL::text[] AS cut_keys,
  NULL::uuid[] AS lane_tenants, NULL::text[] AS lane_keys, NULL::boolean AS set_aside FROM claimed c
UNION ALL
SELECT ${noTask}, ${report},
  ARRAY(SELECT tenant_id FROM cuts ORDER BY tenant_id), ARRAY(SELECT key FROM cuts ORDER BY tenant_id),
  ARRAY(SELECT tenant_id FROM taken ORDER BY tenant_id, key), ARRAY(SELECT key FROM taken ORDER BY tenant_id, key),
  EXISTS (SELECT 1 FROM lanes WHERE lease IS NULL)`;
}

/** The first task of one key whose time to be tried again has come, alone. A lane without tasks is cleared away. */
export const claimKeyedRetry = `
WITH ${tenantsAround("kit_lane", "until IS NULL")}, lane AS MATERIALIZED (
  SELECT each.* FROM waiting, LATERAL (SELECT tenant_id, key FROM kit_lane
    WHERE queue = $1 AND tenant_id = waiting.tenant_id AND until IS NULL
    ORDER BY key LIMIT 1 FOR UPDATE SKIP LOCKED) each
  LIMIT least(1, $3::int)
), head AS MATERIALIZED (
  SELECT first.ref FROM lane, LATERAL (SELECT ref FROM kit_task t
    WHERE t.queue = $1 AND t.tenant_id = lane.tenant_id AND t.key = lane.key ORDER BY seq LIMIT 1) first
), cleared AS (
  DELETE FROM kit_lane l USING lane
  WHERE l.queue = $1 AND l.tenant_id = lane.tenant_id AND l.key = lane.key AND NOT EXISTS (SELECT 1 FROM head)
), held AS (
  UPDATE kit_lane l SET lease = $4::uuid, until = ${leaseEnd} FROM lane
  WHERE l.queue = $1 AND l.tenant_id = lane.tenant_id AND l.key = lane.key AND EXISTS (SELECT 1 FROM head)
), claimed AS (
  UPDATE kit_task t SET attempts = attempts + 1, lease = $4::uuid FROM head WHERE t.queue = $1 AND t.ref = head.ref
  RETURNING ${claimedColumns}
)
SELECT c.*, lane.tenant_id AS turn_ended FROM lane LEFT JOIN claimed c ON true`;

/**
 * Makes ready whose time has come: work for later, retries, ends of leases. Says in which queues there is something to
 * do, and how much was made ready. One statement for all queues; it writes only if something is due.
 *
 * $1 clock offset, $2 this process's queues, $3 how many at once
 */
export const makeReady = `
WITH due AS MATERIALIZED (
  SELECT queue, ref FROM kit_task WHERE due_at <= ${timeOf("$1")} ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
), tasks AS (
  UPDATE kit_task t SET due_at = NULL, retried = t.attempts > 0 FROM due WHERE t.queue = due.queue AND t.ref = due.ref
  RETURNING t.queue
), free AS MATERIALIZED (
  SELECT queue, tenant_id, key FROM kit_lane WHERE until <= ${timeOf("$1")} ORDER BY until LIMIT $3
  FOR UPDATE SKIP LOCKED
), lanes AS (
  UPDATE kit_lane l SET until = NULL FROM free
  WHERE l.queue = free.queue AND l.tenant_id = free.tenant_id AND l.key = free.key
  RETURNING l.queue
)
SELECT queue, count(*) AS made_ready
FROM (SELECT queue FROM tasks UNION ALL SELECT queue FROM lanes) made GROUP BY queue
UNION ALL
SELECT own.queue, 0 FROM unnest($2::text[]) AS own(queue)
WHERE EXISTS (SELECT 1 FROM kit_task t
    WHERE t.queue = own.queue AND NOT t.retried AND t.key IS NULL AND t.due_at IS NULL)
  OR EXISTS (SELECT 1 FROM kit_task t WHERE t.queue = own.queue AND t.retried AND t.key IS NULL AND t.due_at IS NULL)
  OR EXISTS (SELECT 1 FROM kit_task t WHERE t.queue = own.queue AND t.key IS NOT NULL)
  OR EXISTS (SELECT 1 FROM kit_lane l WHERE l.queue = own.queue AND l.until IS NULL)`;
