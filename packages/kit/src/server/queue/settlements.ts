import { timeOf } from "./claims.ts";
import type { Query } from "../query.ts";

/*
 * How what was claimed is let go again. Everything names the lease: whoever lost it changes nothing.
 */

/** Tasks and keys that one claim holds, or a part of them. */
export interface Held {
  readonly queue: string;
  readonly lease: string;
  readonly tasks: readonly { readonly tenantId: string; readonly ref: string; readonly key: string | null }[];
}

/**
 * Each by its place in the primary key's index, then by where it lies: left to itself, PostgreSQL reads the whole table
 * for a batch whenever its statistics say that there isn't much in it. Who has changed a row meanwhile is found out by
 * the lease.
 */
const heldTasks = `ctid = ANY (ARRAY(
    SELECT (SELECT ctid FROM kit_task WHERE queue = $1 AND ref = each.ref) FROM unnest($2::uuid[]) AS each(ref)))
  AND lease = $3::uuid`;
const heldLanes = `queue = $1 AND lease = $2::uuid
  AND (tenant_id, key) IN (SELECT * FROM unnest($3::uuid[], $4::text[]))`;

function refs({ tasks }: Held): string[] {
  return tasks.map(({ ref }) => ref);
}

/** The keys among the tasks, each once, as two arrays. */
function lanesOf({ tasks }: Held): [tenants: string[], keys: string[]] {
  const lanes = new Map<string, [string, string]>();
  for (const { tenantId, key } of tasks) if (key !== null) lanes.set(`${tenantId} ${key}`, [tenantId, key]);
  return [[...lanes.values()].map(([tenantId]) => tenantId), [...lanes.values()].map(([, key]) => key)];
}

/**
 * Deletes what is done, with `note` (see InsideQueue.noteDone). False if not all of it was still held: then the
 * transaction must not commit.
 */
export async function removeDone(query: Query, held: Held, note?: string, clockOffsetMs = 0): Promise<boolean> {
  const remove = `DELETE FROM kit_task WHERE ${heldTasks} RETURNING`;
  const text =
    note === undefined ? `${remove} ref` : `WITH gone AS (${remove} *), noted AS (${note}) SELECT ref FROM gone`;
  const values = [held.queue, refs(held), held.lease, ...(note === undefined ? [] : [clockOffsetMs])];
  return (await query(text, values)).length === held.tasks.length;
}

/** Frees the keys of `held` for whoever comes next. True if somebody waits for one of them. */
export async function freeLanes(query: Query, held: Held): Promise<boolean> {
  const [tenants, keys] = lanesOf(held);
  if (keys.length === 0) return false;
  const freed = await query<{ more: boolean }>(
    `DELETE FROM kit_lane l WHERE ${heldLanes} RETURNING EXISTS (
       SELECT 1 FROM kit_task t WHERE t.queue = l.queue AND t.tenant_id = l.tenant_id AND t.key = l.key) AS more`,
    [held.queue, held.lease, tenants, keys],
  );
  return freed.some(({ more }) => more);
}

/** Locks one task in the caller's transaction; false if the lease is lost. */
export async function lockHeld(query: Query, held: Held): Promise<boolean> {
  const text = `SELECT ref FROM kit_task WHERE ${heldTasks} FOR UPDATE`;
  const found = await query(text, [held.queue, refs(held), held.lease]);
  return found.length === held.tasks.length;
}

/** Notes in the caller's transaction that a task is begun: from its commit on, nobody else can tell what came of it. */
export async function markBegun(query: Query, held: Held): Promise<boolean> {
  const text = `UPDATE kit_task SET begun = true WHERE ${heldTasks} RETURNING ref`;
  const found = await query(text, [held.queue, refs(held), held.lease]);
  return found.length === held.tasks.length;
}

/** Gives back what never ran: its try doesn't count. */
export async function release(query: Query, held: Held): Promise<void> {
  await query(
    `UPDATE kit_task SET attempts = attempts - 1, lease = NULL, begun = false, due_at = NULL,
       retried = key IS NULL AND attempts > 1
     WHERE ${heldTasks}`,
    [held.queue, refs(held), held.lease],
  );
  await freeLanes(query, held);
}

export interface Retry {
  /** 0: at once, but alone. */
  readonly afterMs: number;
  readonly error: string | null;
  readonly clockOffsetMs: number;
  /** Its tries are forgotten. */
  readonly restart?: boolean;
  /** When, in place of `afterMs`, which counts from the beginning of the transaction. */
  readonly at?: Date | undefined;
}

/** Tries again later what failed. A key waits with its first task. */
export async function putOff(
  query: Query,
  held: Held,
  { afterMs, error, clockOffsetMs, restart = false, at }: Retry,
): Promise<void> {
  const until = `CASE WHEN $5::bigint > 0 THEN ${timeOf("$6")} + $5::bigint * interval '1 millisecond' END`;
  await query(
    `UPDATE kit_task SET lease = NULL, begun = false, last_error = coalesce($4, last_error),
       due_at = CASE WHEN key IS NULL THEN coalesce($8::timestamptz, ${until}) END,
       retried = key IS NULL AND $5::bigint = 0 AND NOT $7, attempts = CASE WHEN $7 THEN 0 ELSE attempts END
     WHERE ${heldTasks}`,
    [held.queue, refs(held), held.lease, error, afterMs, clockOffsetMs, restart, at ?? null],
  );
  const [tenants, keys] = lanesOf(held);
  if (keys.length === 0) return;
  await query(`UPDATE kit_lane SET lease = NULL, until = ${until} WHERE ${heldLanes}`, [
    held.queue,
    held.lease,
    tenants,
    keys,
    afterMs,
    clockOffsetMs,
  ]);
}

/** Moves what has failed too often to the dead letters; its key is free again. False if the lease is lost. */
export async function bury(query: Query, held: Held, error: string, clockOffsetMs: number): Promise<boolean> {
  const buried = await query(
    `WITH gone AS (DELETE FROM kit_task WHERE ${heldTasks} RETURNING *)
     ${intoDead("gone", "$4", timeOf("$5"))} RETURNING ref`,
    [held.queue, refs(held), held.lease, error, clockOffsetMs],
  );
  await freeLanes(query, held);
  return buried.length === held.tasks.length;
}

/** INSERT of the rows that the common table `source` deleted from kit_task. */
export function intoDead(source: string, error: string, diedAt: string): string {
  return `INSERT INTO kit_dead (tenant_id, queue, ref, key, priority, attempts, last_error, trace_id, died_at)
    SELECT tenant_id, queue, ref, key, priority, attempts, coalesce(${error}::text, last_error, ''), trace_id, ${diedAt}
    FROM ${source}
    ON CONFLICT (queue, ref) DO UPDATE SET attempts = excluded.attempts, last_error = excluded.last_error,
      died_at = excluded.died_at`;
}

/**
 * Prolongs what a claim holds, but for rows that are being settled right now. $1 queue, $2 refs, $3 lease,
 * $4 milliseconds, $5 clock offset. Returns the refs that are still held.
 */
export const renewLease = `
WITH tasks AS MATERIALIZED (
  SELECT ref FROM kit_task WHERE ${heldTasks} AND key IS NULL FOR UPDATE SKIP LOCKED
), lanes AS MATERIALIZED (
  SELECT tenant_id, key FROM kit_lane WHERE queue = $1 AND lease = $3::uuid FOR UPDATE SKIP LOCKED
), renewed_tasks AS (
  UPDATE kit_task t SET due_at = ${timeOf("$5")} + $4::bigint * interval '1 millisecond'
  FROM tasks WHERE t.queue = $1 AND t.ref = tasks.ref
), renewed_lanes AS (
  UPDATE kit_lane l SET until = ${timeOf("$5")} + $4::bigint * interval '1 millisecond'
  FROM lanes WHERE l.queue = $1 AND l.tenant_id = lanes.tenant_id AND l.key = lanes.key
)
SELECT ref FROM kit_task WHERE ${heldTasks}`;

/**
 * Gives back everything that a claim may have taken whose answer never came: nobody works on it. $1 queue, $2 lease
 */
export const forgetClaim = `
WITH lanes AS (DELETE FROM kit_lane WHERE queue = $1 AND lease = $2::uuid)
UPDATE kit_task SET attempts = attempts - 1, lease = NULL, begun = false, due_at = NULL,
  retried = key IS NULL AND attempts > 1
WHERE queue = $1 AND lease = $2::uuid`;
