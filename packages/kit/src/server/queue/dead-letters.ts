import { kitTransaction, type TxCtx } from "../ctx.ts";

export interface DeadLetterFilter {
  readonly ref?: string | undefined;
  readonly queue?: string | undefined;
}

/**
 * Sends dead letters of the ctx's tenant again, with all their tries before them: those about one row, those of one
 * queue, or all.
 *
 * @returns how many there were
 */
export async function replayDeadLetters(ctx: TxCtx, { ref, queue }: DeadLetterFilter): Promise<number> {
  const { query, queued } = kitTransaction(ctx);
  const replayed = await query<{ queue: string; count: number }>(
    `WITH gone AS (
       DELETE FROM kit_dead WHERE tenant_id = $1 AND ($2::uuid IS NULL OR ref = $2) AND ($3::text IS NULL OR queue = $3)
       RETURNING *
     ), jobs AS (
       UPDATE kit_job SET state = 'retrying', updated_at = $4
       WHERE tenant_id = $1 AND state = 'dead' AND id IN (SELECT ref FROM gone)
     ), tasks AS (
       INSERT INTO kit_task (tenant_id, queue, ref, key, priority, trace_id)
       SELECT tenant_id, queue, ref, key, priority, trace_id FROM gone ORDER BY ref
       ON CONFLICT (queue, ref) DO NOTHING
     )
     SELECT queue, count(*) FROM gone GROUP BY queue`,
    [ctx.tenantId, ref ?? null, queue ?? null, ctx.now()],
  );
  for (const row of replayed) queued.add(row.queue);
  return replayed.reduce((sum, { count }) => sum + count, 0);
}
