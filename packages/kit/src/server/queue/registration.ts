import type { Logger } from "../log.ts";
import type { Query } from "../query.ts";
import { intoDead } from "./settlements.ts";

/** A queue or handler that no process has named for this long is gone. */
export const subscriptionTtlMs = 7 * 86_400_000;
const batch = 1000;

export interface Subscription {
  readonly eventName: string;
  readonly handler: string;
  readonly keyed: boolean;
  /** For those tenants only that listen by it (`kit_listening`). */
  readonly byTenant: boolean;
  /** A tenant's come one after the other, whatever they are about. */
  readonly oneLane: boolean;
  readonly aliases: readonly string[];
}

export interface Registration {
  readonly now: Date;
  readonly queues: readonly string[];
  readonly subscriptions: readonly Subscription[];
  readonly aliases: readonly (readonly [former: string, name: string])[];
  readonly keepDays: ReadonlyMap<string, number>;
}

/**
 * Tells the other processes what this one works off. Rows are written in one order, so that processes which start
 * together don't wait for each other in a circle.
 */
export async function register(
  query: Query,
  { now, queues, subscriptions, aliases, keepDays }: Registration,
): Promise<void> {
  await query(
    `INSERT INTO kit_queue (name, seen_at) SELECT name, $2 FROM unnest($1::text[]) AS name ORDER BY name
     ON CONFLICT (name) DO UPDATE SET seen_at = greatest(kit_queue.seen_at, excluded.seen_at)`,
    [queues, now],
  );
  await query(
    `INSERT INTO kit_event_type (name, keep_days)
     SELECT * FROM unnest($1::text[], $2::int[]) AS type(name, days) ORDER BY name
     ON CONFLICT (name) DO UPDATE SET keep_days = excluded.keep_days
     WHERE kit_event_type.keep_days <> excluded.keep_days`,
    [[...keepDays.keys()], [...keepDays.values()]],
  );
  await query(
    `INSERT INTO kit_subscription (event_name, handler, keyed, by_tenant, one_lane, seen_at)
     SELECT event_name, handler, keyed, by_tenant, one_lane, $6
     FROM unnest($1::text[], $2::text[], $3::boolean[], $4::boolean[], $5::boolean[])
       AS own(event_name, handler, keyed, by_tenant, one_lane)
     ORDER BY event_name, handler
     ON CONFLICT (event_name, handler) DO UPDATE
     SET seen_at = greatest(kit_subscription.seen_at, excluded.seen_at), keyed = excluded.keyed,
       by_tenant = excluded.by_tenant, one_lane = excluded.one_lane`,
    [
      subscriptions.map(({ eventName }) => eventName),
      subscriptions.map(({ handler }) => handler),
      subscriptions.map(({ keyed }) => keyed),
      subscriptions.map(({ byTenant }) => byTenant),
      subscriptions.map(({ oneLane }) => oneLane),
      now,
    ],
  );
  for (const [former, name] of aliases) {
    for (const each of await formerNames(query, former, name)) await takeOver(query, each, name);
  }
}

/** A former name with the ones that it had itself taken over: whoever was renamed twice need only say the last. */
async function formerNames(query: Query, former: string, name: string): Promise<string[]> {
  // It may have gone back to a name that it had before.
  await query("UPDATE kit_subscription SET replaced_by = NULL WHERE handler = $2 AND replaced_by = $1", [former, name]);
  const rows = await query<{ name: string }>(
    `WITH RECURSIVE former(name) AS (
       SELECT $1::text
       UNION
       SELECT s.handler FROM former JOIN kit_subscription s ON s.replaced_by = former.name
     )
     SELECT name FROM former WHERE name <> $2`,
    [former, name],
  );
  return rows.map((row) => row.name);
}

/**
 * Brings to a queue what lies under its former name, but for what an older process works on right now: that comes at
 * the next call. From the first statement on, emits go to the new name only, also those of older processes.
 */
async function takeOver(query: Query, former: string, name: string): Promise<void> {
  await query("UPDATE kit_subscription SET replaced_by = $2 WHERE handler = $1 AND replaced_by IS DISTINCT FROM $2", [
    former,
    name,
  ]);
  await query(
    `INSERT INTO kit_listening (tenant_id, event_name, handler)
     SELECT tenant_id, event_name, $2 FROM kit_listening WHERE handler = $1 ON CONFLICT DO NOTHING`,
    [former, name],
  );
  const mayMove = `t.queue = $1 AND t.lease IS NULL
    AND NOT EXISTS (SELECT 1 FROM kit_lane l WHERE l.queue = $1 AND l.tenant_id = t.tenant_id AND l.key = t.key)
    AND NOT EXISTS (SELECT 1 FROM kit_task other WHERE other.queue = $2 AND other.ref = t.ref)`;
  for (;;) {
    const moved = await query(
      `UPDATE kit_task t SET queue = $2 FROM (
         SELECT queue, ref FROM kit_task t WHERE ${mayMove} ORDER BY seq LIMIT ${batch} FOR UPDATE SKIP LOCKED) each
       WHERE t.queue = each.queue AND t.ref = each.ref RETURNING t.ref`,
      [former, name],
    );
    if (moved.length < batch) break;
  }
  await query(
    `UPDATE kit_dead d SET queue = $2 WHERE d.queue = $1
       AND NOT EXISTS (SELECT 1 FROM kit_dead other WHERE other.queue = $2 AND other.ref = d.ref)`,
    [former, name],
  );
}

/**
 * Moves what nobody works off any more to the dead letters: there it is seen. In batches, each a statement of its own;
 * no claim ever meets them, for claims go by queue.
 */
export async function deadLetterOrphans(query: Query, now: Date, log: Logger): Promise<void> {
  const forgotten = new Date(now.getTime() - subscriptionTtlMs);
  const orphans = await query<{ queue: string }>(
    `WITH RECURSIVE each(queue) AS (
       (SELECT queue FROM kit_task ORDER BY queue LIMIT 1)
       UNION ALL
       SELECT next.queue
       FROM each, LATERAL (SELECT queue FROM kit_task t WHERE t.queue > each.queue ORDER BY queue LIMIT 1) next
     )
     SELECT queue FROM each WHERE NOT EXISTS (SELECT 1 FROM kit_queue q WHERE q.name = each.queue AND q.seen_at > $1)`,
    [forgotten],
  );
  for (const { queue } of orphans) {
    for (let moved = batch; moved === batch;) {
      const rows = await query(
        `WITH gone AS (
           DELETE FROM kit_task WHERE queue = $1 AND ref IN (
             SELECT ref FROM kit_task WHERE queue = $1 LIMIT ${batch} FOR UPDATE SKIP LOCKED)
           RETURNING *)
         ${intoDead("gone", "'no process works off this queue any more'", "$2::timestamptz")} RETURNING ref`,
        [queue, now],
      );
      moved = rows.length;
      if (moved > 0) log.warn({ queue, moved }, "tasks of a queue that nobody works off were given up");
    }
    await query("DELETE FROM kit_lane WHERE queue = $1", [queue]);
  }
}

/** What a tenant wants to hear of by a handler, in place of what it wanted before. */
export async function listenTo(
  query: Query,
  tenantId: string,
  handler: string,
  eventNames: readonly string[],
): Promise<void> {
  await query(
    `WITH gone AS (
       DELETE FROM kit_listening WHERE tenant_id = $1 AND handler = $2 AND event_name <> ALL ($3::text[]))
     INSERT INTO kit_listening (tenant_id, event_name, handler)
     SELECT $1, name, $2 FROM unnest($3::text[]) AS name ON CONFLICT DO NOTHING`,
    [tenantId, handler, eventNames],
  );
}
