import type { Query } from "../query.ts";
import { subscriptionTtlMs } from "./registration.ts";

const batch = 1000;
/** How many months ahead there are partitions. */
const monthsAhead = 2;
const dayMs = 86_400_000;
const nil = "00000000-0000-0000-0000-000000000000";

/** Makes the partitions of this month and the next ones. */
export async function addMonths(query: Query, now: Date): Promise<void> {
  for (let ahead = 0; ahead <= monthsAhead; ahead++) {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 10);
    for (const parent of ["kit_event", "kit_handled"]) await query("SELECT kit_add_month($1, $2)", [parent, month]);
  }
}

/**
 * Deletes events that were kept long enough, with what is known of their handling and their dead letters; in batches,
 * so that nothing is locked for long. Then drops months that are empty and long over.
 *
 * @returns how many events were deleted
 */
export async function pruneEvents(query: Query, now: Date): Promise<number> {
  const types = await query<{ name: string; keep_days: number }>("SELECT name, keep_days FROM kit_event_type");
  let pruned = 0;
  for (const { name, keep_days: keepDays } of types) {
    const before = firstIdAt(new Date(now.getTime() - keepDays * dayMs));
    for (let after = [nil, nil]; ;) {
      const gone = await query<{ tenant_id: string; id: string }>(
        `WITH gone AS (
           DELETE FROM kit_event WHERE name = $1 AND (tenant_id, id) IN (
             SELECT tenant_id, id FROM kit_event WHERE name = $1 AND id < $2 AND (tenant_id, id) > ($3, $4)
             ORDER BY tenant_id, id LIMIT ${batch})
           RETURNING tenant_id, id
         ), handled AS (DELETE FROM kit_handled WHERE event_id IN (SELECT id FROM gone) AND event_id < $2),
         dead AS (DELETE FROM kit_dead WHERE tenant_id IN (SELECT tenant_id FROM gone) AND ref IN (SELECT id FROM gone))
         SELECT tenant_id, id FROM gone ORDER BY tenant_id, id`,
        [name, before, ...after],
      );
      pruned += gone.length;
      const last = gone.at(-1);
      if (last === undefined || gone.length < batch) break;
      after = [last.tenant_id, last.id];
    }
  }
  await dropEmptyMonths(query, now);
  return pruned;
}

/** A month that ended two months ago and holds nothing gets nothing any more. */
async function dropEmptyMonths(query: Query, now: Date): Promise<void> {
  const limit = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 2, 1))
    .toISOString()
    .slice(0, 7)
    .replace("-", "");
  const parts = await query<{ parent: string; part: string }>(
    `SELECT parent.relname AS parent, part.relname AS part
     FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent JOIN pg_class part ON part.oid = i.inhrelid
     WHERE parent.oid IN ('kit_event'::regclass, 'kit_handled'::regclass) AND part.relname ~ '_\\d{6}$'
       AND right(part.relname, 6) < $1`,
    [limit],
  );
  for (const { part } of parts) {
    const rows = await query(`SELECT 1 FROM ${part} LIMIT 1`);
    if (rows.length === 0) await query(`DROP TABLE ${part}`);
  }
}

export interface Replay {
  readonly handler: string;
  readonly eventNames: readonly string[];
  /** Events from this moment on. */
  readonly since: Date;
  readonly tenantId?: string;
}

/**
 * Gives a handler events that were there before it, or that it handled already, tenant by tenant and in their order.
 * What still waits for it stays where it is. The handler must be listening: the tasks go to its queue as it is
 * registered.
 *
 * @returns how many events it gets
 */
export async function replayEvents(
  query: Query,
  now: Date,
  { handler, eventNames, since, tenantId }: Replay,
): Promise<number> {
  // As the log's key has them: each batch goes on where the last one ended, and none sorts what is still to come.
  for (let replayed = 0, after = [nil, nil]; ;) {
    const rows = await query<{ tenant_id: string; id: string; is_new: boolean }>(
      `WITH picked AS MATERIALIZED (
         SELECT e.tenant_id, e.id, e.name, e.key, e.trace_id FROM kit_event e
         WHERE e.name = ANY ($2::text[]) AND e.id > $3 AND ($4::uuid IS NULL OR e.tenant_id = $4)
           AND (e.tenant_id, e.id) > ($6, $7)
         ORDER BY e.tenant_id, e.id LIMIT ${batch}
       ), noted AS (
         UPDATE kit_event e SET handlers = array_append(e.handlers, $1) FROM picked p
         WHERE e.tenant_id = p.tenant_id AND e.id = p.id AND $1 <> ALL (e.handlers)
       ), tasks AS (
         INSERT INTO kit_task (tenant_id, queue, ref, key, trace_id)
         SELECT p.tenant_id, $1, p.id,
           CASE WHEN s.one_lane THEN 'all' WHEN s.keyed THEN coalesce(p.key, p.id::text) END, p.trace_id
         FROM picked p JOIN kit_subscription s ON s.event_name = p.name AND s.handler = $1 AND s.seen_at > $5
         ORDER BY p.tenant_id, p.id
         ON CONFLICT (queue, ref) DO NOTHING RETURNING ref
       )
       SELECT tenant_id, id, id IN (SELECT ref FROM tasks) AS is_new FROM picked ORDER BY tenant_id, id`,
      [handler, eventNames, firstIdAt(since), tenantId ?? null, new Date(now.getTime() - subscriptionTtlMs), ...after],
    );
    replayed += rows.filter(({ is_new }) => is_new).length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < batch) return replayed;
    after = [last.tenant_id, last.id];
  }
}

/** The smallest UUIDv7 of a moment. */
export function firstIdAt(moment: Date): string {
  const hex = Math.max(0, moment.getTime()).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-0000-0000-000000000000`;
}
