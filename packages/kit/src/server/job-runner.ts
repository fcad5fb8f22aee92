import { newId } from "../contract/ids.ts";
import { type Ctx, kitTransaction, type TxCtx } from "./ctx.ts";
import type { EnqueueOptions, JobDefinition } from "./jobs.ts";
import { exponentialBackoffMs, type OutsideQueue, type Task, withdrawal } from "./queue/definition.ts";
import type { Query } from "./query.ts";
import type { KitTables } from "./kit.tables.ts";

/** What a handler is told besides the payload. */
export interface JobRun {
  readonly jobId: string;
  /** 1 at the first try. */
  readonly attempt: number;
  /** Shows how far it is: anything that survives JSON. Written at once; call it seldom. */
  progress(value: unknown): Promise<void>;
}

/** `ctx.signal` is aborted when the job is cancelled, has run too long, or its process ends. */
export type JobHandler<Payload> = (ctx: Ctx, payload: Payload, run: JobRun) => Promise<void>;

export interface JobStatus {
  readonly name: string;
  readonly state: JobState;
  readonly progress: unknown;
  readonly updatedAt: Date;
}

type JobState = KitTables["kit_job"]["state"];

const priorities = { high: -1, normal: 0, low: 1 } as const;
const unfinished = "('waiting', 'running', 'retrying')";
const keepFinishedDays = 7;
const batch = 1000;

/** Jobs: a row each, and a task in the queue of the job's name, written in the caller's transaction. */
export class JobRunner {
  readonly #definitions = new Map<string, JobDefinition<unknown>>();

  /** Returns the queue of the job. */
  handle<Payload>(definition: JobDefinition<Payload>, handler: JobHandler<Payload>): OutsideQueue<unknown, void> {
    if (this.#definitions.has(definition.name)) throw new Error(`the job ${definition.name} already has a handler`);
    this.#definitions.set(definition.name, definition);
    const move = (ctx: TxCtx, { ref }: Task, to: JobState): Promise<unknown> =>
      kitTransaction(ctx).query("UPDATE kit_job SET state = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2", [
        ctx.tenantId,
        ref,
        to,
        ctx.now(),
      ]);
    return {
      name: definition.name,
      effect: "outside",
      concurrency: definition.concurrency,
      attempts: definition.retryLimit + 1,
      timeoutMs: definition.expireSeconds * 1000,
      backoffMs: exponentialBackoffMs(definition.retryDelaySeconds * 1000),
      begin: async (ctx, task) => {
        const [row] = await kitTransaction(ctx).query<{ payload: unknown; actor_id: string }>(
          `UPDATE kit_job SET state = 'running', updated_at = $3
           WHERE tenant_id = $1 AND id = $2 AND state IN ${unfinished} RETURNING payload, actor_id`,
          [ctx.tenantId, task.ref, ctx.now()],
        );
        return row && { item: row.payload, actorId: row.actor_id };
      },
      run: (ctx, task, payload) =>
        handler(ctx, definition.payload.parse(payload), {
          jobId: task.ref,
          attempt: task.attempt,
          progress: (value) => showProgress(ctx, task.ref, value),
        }),
      settle: async (ctx, task) => void (await move(ctx, task, "done")),
      failed: async (ctx, task, _error, dead) => void (await move(ctx, task, dead ? "dead" : "retrying")),
    };
  }

  async enqueue(
    ctx: TxCtx,
    definition: JobDefinition<unknown>,
    payload: unknown,
    { startAfter, singletonKey, priority = "normal" }: EnqueueOptions,
  ): Promise<string> {
    const { query, queued } = kitTransaction(ctx);
    const { name } = definition;
    if (!this.#definitions.has(name)) throw new Error(`no module of this server handles the job ${name}`);
    const now = ctx.now();
    const dueAt = startAfter !== undefined && startAfter > now ? startAfter : null;
    const [added] = await query<{ id: string }>(
      `WITH job AS (
         INSERT INTO kit_job
           (tenant_id, id, name, payload, state, singleton_key, actor_id, trace_id, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8, $8)
         ON CONFLICT (tenant_id, name, singleton_key) WHERE state = 'waiting' AND singleton_key IS NOT NULL DO NOTHING
         RETURNING id
       ), task AS (
         INSERT INTO kit_task (tenant_id, queue, ref, priority, due_at, trace_id)
         SELECT $1, $3, id, $9::smallint, $10::timestamptz, $7 FROM job
       ) SELECT id FROM job`,
      [
        ctx.tenantId,
        newId(now),
        name,
        JSON.stringify(definition.payload.parse(payload)),
        singletonKey ?? null,
        ctx.actor.id,
        ctx.traceId,
        now,
        priorities[priority],
        dueAt,
      ],
    );
    if (added !== undefined) {
      if (dueAt === null) queued.add(name);
      return added.id;
    }
    // A statement of its own: the one it met may have been committed after the first had begun.
    const [met] = await query<{ id: string }>(
      `SELECT id FROM kit_job WHERE tenant_id = $1 AND name = $2 AND singleton_key = $3
       ORDER BY state = 'waiting' DESC, id DESC LIMIT 1`,
      [ctx.tenantId, name, singletonKey],
    );
    if (met === undefined) throw new Error(`the job ${name} could not be queued`);
    return met.id;
  }

  /** Calls a job off. One that runs is told by `ctx.signal`. False if there is nothing to call off. */
  async cancel(ctx: TxCtx, jobId: string): Promise<boolean> {
    const { query, queued } = kitTransaction(ctx);
    const [job] = await query<{ name: string }>(
      `UPDATE kit_job SET state = 'cancelled', updated_at = $3
       WHERE tenant_id = $1 AND id = $2 AND state IN ${unfinished} RETURNING name`,
      [ctx.tenantId, jobId, ctx.now()],
    );
    if (job === undefined) return false;
    await query("DELETE FROM kit_task WHERE queue = $1 AND ref = $2 AND tenant_id = $3", [
      job.name,
      jobId,
      ctx.tenantId,
    ]);
    queued.add(`${withdrawal}${job.name}`);
    return true;
  }

  /** How a job stands; finished ones are known for a week. */
  async status(ctx: Ctx, jobId: string): Promise<JobStatus | undefined> {
    const row = await ctx.db
      .selectFrom("kit_job")
      .select(["name", "state", "progress", "updatedAt"])
      .where("id", "=", jobId)
      .executeTakeFirst();
    return row && { name: row.name, state: row.state, progress: row.progress, updatedAt: row.updatedAt };
  }

  async prune(query: Query, now: Date): Promise<void> {
    const before = new Date(now.getTime() - keepFinishedDays * 86_400_000);
    for (let gone = batch; gone === batch;) {
      const rows = await query(
        `DELETE FROM kit_job WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM kit_job
           WHERE state IN ('done', 'cancelled') AND updated_at < $1 LIMIT ${batch}) RETURNING id`,
        [before],
      );
      gone = rows.length;
    }
  }
}

async function showProgress(ctx: Ctx, jobId: string, value: unknown): Promise<void> {
  await ctx.db
    .updateTable("kit_job")
    .set({ progress: JSON.stringify(value), updatedAt: ctx.now() })
    .where("id", "=", jobId)
    .execute();
}
