import { type Ctx, kitTransaction, type TxCtx } from "../ctx.ts";
import type { Prune } from "../retention.ts";

const batch = 1000;

export interface DeadLetterFilter {
  readonly ref?: string | undefined;
  readonly queue?: string | undefined;
}

/**
 * Sends dead letters of the ctx's tenant again, with all their tries before them: those about one row, those of one
 * queue, or all; in batches, each in a transaction of its own. One that dies anew meanwhile isn't sent a second time.
 *
 * @returns how many there were
 */
export async function replayDeadLetters(ctx: Ctx, filter: DeadLetterFilter): Promise<number> {
  const diedUntil = ctx.now();
  let replayed = 0;
  for (let sent = batch; sent > 0; replayed += sent) sent = await ctx.tx((ctx) => replayBatch(ctx, filter, diedUntil));
  return replayed;
}

async function replayBatch(ctx: TxCtx, { ref, queue }: DeadLetterFilter, diedUntil: Date): Promise<number> {
  const { query, queued } = kitTransaction(ctx);
  const replayed = await query<{ queue: string; count: number }>(
    `WITH gone AS (
       DELETE FROM kit_dead WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM kit_dead WHERE tenant_id = $1 AND died_at <= $4 AND ($2::uuid IS NULL OR ref = $2)
           AND ($3::text IS NULL OR queue = $3)
         ORDER BY died_at, ref, queue LIMIT ${batch} FOR UPDATE))
       RETURNING *
     ), jobs AS (
       UPDATE kit_job SET state = 'retrying', updated_at = $5
       WHERE tenant_id = $1 AND state = 'dead' AND id = ANY (ARRAY(SELECT ref FROM gone))
     ), tasks AS (
       INSERT INTO kit_task (tenant_id, queue, ref, key, priority, trace_id)
       SELECT tenant_id, queue, ref, key, priority, trace_id FROM gone ORDER BY ref
       ON CONFLICT (queue, ref) DO NOTHING
     )
     SELECT queue, count(*) FROM gone GROUP BY queue`,
    [ctx.tenantId, ref ?? null, queue ?? null, diedUntil, ctx.now()],
  );
  for (const row of replayed) queued.add(row.queue);
  return replayed.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Those of jobs and of modules' own work, with the jobs. An event's goes with the event: without it the event would
 * seem to have been handled.
 */
export const pruneDeadLetters: Prune = async (ctx, { before, limit }) => {
  const { query } = kitTransaction(ctx);
  const old = await query<{ place: string }>(
    `SELECT ctid::text AS place FROM kit_dead d WHERE tenant_id = $1 AND died_at < $2
       -- Looked up for each, not joined: the plan stays the one that begins with the oldest.
       AND NOT EXISTS (SELECT FROM kit_event e WHERE e.tenant_id = $1 AND e.id = d.ref OFFSET 0)
     ORDER BY died_at, ref, queue LIMIT $3 FOR UPDATE`,
    [ctx.tenantId, before, limit],
  );
  if (old.length === 0) return 0;
  await query(
    `WITH gone AS (
       DELETE FROM kit_dead WHERE ctid = ANY ($2::tid[]) RETURNING ref
     )
     DELETE FROM kit_job WHERE tenant_id = $1 AND id = ANY (ARRAY(SELECT ref FROM gone))`,
    [ctx.tenantId, old.map(({ place }) => place)],
  );
  return old.length;
};
