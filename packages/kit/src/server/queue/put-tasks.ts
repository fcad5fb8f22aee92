import { kitTransaction, type TaskOptions, type TxCtx } from "../ctx.ts";
import type { QueueDefinition } from "./definition.ts";

/**
 * Puts tasks about rows into a queue, with the transaction that changes those rows; one that is there already stays.
 *
 * @throws Error for a queue that no module works off, and for a key where it has none, or the other way round
 */
export async function putTasks(
  ctx: TxCtx,
  name: string,
  known: Pick<QueueDefinition, "keyed"> | undefined,
  refs: readonly string[],
  { key, startAfter, atOnce = false }: TaskOptions,
): Promise<void> {
  const { query, queued } = kitTransaction(ctx);
  if (known === undefined) throw new Error(`no module of this server works off the queue ${name}`);
  const keyed = known.keyed ?? false;
  if (keyed !== (key !== undefined)) throw new Error(`tasks of ${name} ${keyed ? "need a" : "have no"} key`);
  if (refs.length === 0) return;
  await query(
    `INSERT INTO kit_task (tenant_id, queue, ref, key, due_at, trace_id)
     SELECT $1, $2, ref, $4, $5, $6 FROM unnest($3::uuid[]) WITH ORDINALITY AS given(ref, n) ORDER BY n
     ON CONFLICT (queue, ref) DO ${
       // As if its time had come (claims.ts, `makeReady`).
       atOnce
         ? `UPDATE SET due_at = NULL, retried = kit_task.attempts > 0
            WHERE kit_task.lease IS NULL AND kit_task.due_at IS NOT NULL`
         : "NOTHING"
     }`,
    [ctx.tenantId, name, refs, key ?? null, startAfter ?? null, ctx.traceId],
  );
  if (atOnce && key !== undefined) {
    await query(`UPDATE kit_lane SET until = NULL WHERE queue = $1 AND tenant_id = $2 AND key = $3 AND lease IS NULL`, [
      name,
      ctx.tenantId,
      key,
    ]);
  }
  queued.add(name);
}
