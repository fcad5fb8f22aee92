import { Cron } from "croner";
import { newId } from "../contract/ids.ts";
import { type Ctx, kitTransaction, type TxCtx } from "./ctx.ts";
import type { Logger } from "./log.ts";
import { type OutsideQueue, platformTenantId, type Verdict } from "./queue/definition.ts";
import type { Query } from "./query.ts";

const queueName = "kit.schedules";
/** No run takes longer; it is held for as long as it runs, so that none overtakes itself. */
const longestRunMs = 3_600_000;

export interface ScheduleTimes {
  /** Five fields: minute, hour, day, month, weekday. */
  readonly cron: string;
  /** An IANA zone, whose clock the fields mean. */
  readonly timeZone: string;
}

interface PlatformSchedule extends ScheduleTimes {
  readonly run: () => Promise<void>;
}
interface ScheduleRow {
  readonly id: string;
  readonly name: string;
  readonly cron: string;
  readonly time_zone: string;
  readonly paused_at: Date | null;
}

/**
 * The first time after `from`. In a zone with summer time, a time that doesn't exist is skipped to the next valid one
 * and a time that comes twice is taken once.
 *
 * @throws Error for a pattern or zone that isn't one, and for a time that never comes
 */
export function nextTime({ cron, timeZone }: ScheduleTimes, from: Date): Date {
  const next = new Cron(cron, { timezone: timeZone, mode: "5-part" }).nextRun(from);
  if (next === null) throw new Error(`${cron} never comes`);
  return next;
}

/**
 * What runs at its times. A schedule is one task that begins anew after each run, due at the next time: so it is
 * claimed by one process, runs once at a time, and makes up once for what was missed while no process ran.
 */
export class Schedules {
  readonly #platform = new Map<string, PlatformSchedule>();
  readonly #perTenant = new Map<string, (ctx: Ctx) => Promise<void>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** For the platform as a whole; `run` opens a ctx for each tenant it finds work for. */
  add(name: string, times: ScheduleTimes, run: () => Promise<void>): void {
    nextTime(times, new Date(0));
    if (this.#platform.has(name)) throw new Error(`there is a schedule ${name} already`);
    this.#platform.set(name, { ...times, run });
  }

  /** What tenants can have at times of their own, by `set`. */
  addForTenants(name: string, run: (ctx: Ctx) => Promise<void>): void {
    if (this.#perTenant.has(name)) throw new Error(`there is a schedule ${name} already`);
    this.#perTenant.set(name, run);
  }

  /** Sets the tenant's times of a schedule. */
  async set(ctx: TxCtx, name: string, times: ScheduleTimes): Promise<void> {
    if (!this.#perTenant.has(name)) throw new Error(`no module of this server runs the schedule ${name}`);
    await put(kitTransaction(ctx).query, { tenantId: ctx.tenantId, name, times, now: ctx.now(), traceId: ctx.traceId });
  }

  /** The tenant has this schedule no more. */
  async clear(ctx: TxCtx, name: string): Promise<void> {
    await kitTransaction(ctx).query(
      `WITH gone AS (DELETE FROM kit_schedule WHERE tenant_id = $1 AND name = $2 RETURNING id)
       DELETE FROM kit_task WHERE queue = $3 AND ref IN (SELECT id FROM gone)`,
      [ctx.tenantId, name, queueName],
    );
  }

  /** Writes down the platform's own; new times count from now. */
  async register(query: Query, now: Date, traceId: string): Promise<void> {
    for (const [name, times] of this.#platform)
      await put(query, { tenantId: platformTenantId, name, times, now, traceId });
  }

  /** The platform's own that this server knows. */
  get names(): string[] {
    return [...this.#platform.keys()];
  }

  /**
   * Has a schedule of the ctx's tenant run at once, on one of the workers, a paused one too; then it goes on at its
   * times. False if it runs already, or isn't there.
   */
  async request(ctx: TxCtx, id: string): Promise<boolean> {
    const { query, queued } = kitTransaction(ctx);
    const asked = await query(
      `INSERT INTO kit_task (tenant_id, queue, ref, trace_id)
       SELECT tenant_id, $3, id, $4 FROM kit_schedule WHERE tenant_id = $1 AND id = $2
       ON CONFLICT (queue, ref) DO UPDATE SET due_at = NULL, attempts = 0, retried = false
       WHERE kit_task.lease IS NULL RETURNING ref`,
      [ctx.tenantId, id, queueName, ctx.traceId],
    );
    if (asked.length > 0) queued.add(queueName);
    return asked.length > 0;
  }

  /** It comes due no more until `resume`; a run that is under way ends. False if it is paused, or isn't there. */
  async pause(ctx: TxCtx, id: string): Promise<boolean> {
    const { query } = kitTransaction(ctx);
    const paused = await query(
      `UPDATE kit_schedule SET paused_at = $3 WHERE tenant_id = $1 AND id = $2 AND paused_at IS NULL RETURNING id`,
      [ctx.tenantId, id, ctx.now()],
    );
    // A statement of its own: it sees what a run that ended meanwhile has put there.
    await query("DELETE FROM kit_task WHERE tenant_id = $1 AND queue = $2 AND ref = $3 AND lease IS NULL", [
      ctx.tenantId,
      queueName,
      id,
    ]);
    return paused.length > 0;
  }

  /** It comes again at its next time; what was missed meanwhile isn't made up. False if it isn't paused. */
  async resume(ctx: TxCtx, id: string): Promise<boolean> {
    const { query } = kitTransaction(ctx);
    const [row] = await query<ScheduleRow>(
      `UPDATE kit_schedule SET paused_at = NULL WHERE tenant_id = $1 AND id = $2 AND paused_at IS NOT NULL
       RETURNING id, name, cron, time_zone, paused_at`,
      [ctx.tenantId, id],
    );
    if (row === undefined) return false;
    const dueAt = nextTime({ cron: row.cron, timeZone: row.time_zone }, ctx.now());
    await query(
      `INSERT INTO kit_task (tenant_id, queue, ref, due_at, trace_id) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (queue, ref) DO NOTHING`,
      [ctx.tenantId, queueName, id, dueAt, ctx.traceId],
    );
    return true;
  }

  async runNow(name: string): Promise<void> {
    const schedule = this.#platform.get(name);
    if (schedule === undefined) throw new Error(`no schedule ${name}; there are ${[...this.#platform.keys()]}`);
    await schedule.run();
  }

  get queue(): OutsideQueue<ScheduleRow, void> {
    return {
      name: queueName,
      effect: "outside",
      // Those of tenants: what was missed meanwhile is made up once.
      waitsWhileReadOnly: true,
      concurrency: 8,
      concurrencyPerTenant: 8,
      timeoutMs: longestRunMs,
      // However often a process dies of it, the next time comes.
      attempts: 30_000,
      begin: async (ctx, { ref }) => {
        const [item] = await kitTransaction(ctx).query<ScheduleRow>(
          `UPDATE kit_schedule SET began_at = $3 WHERE tenant_id = $1 AND id = $2
           RETURNING id, name, cron, time_zone, paused_at`,
          [ctx.tenantId, ref, ctx.now()],
        );
        return item && { item, actorId: item.name };
      },
      run: async (ctx, _task, { name }) => {
        if (ctx.tenantId === platformTenantId) await this.#platform.get(name)?.run();
        else await this.#perTenant.get(name)?.(ctx);
      },
      settle: (ctx, { ref }) => noteRun(ctx, ref, null),
      failed: (ctx, { ref }, error) => {
        this.#log.error({ err: error, scheduleId: ref, tenantId: ctx.tenantId }, "a schedule failed");
        return noteRun(ctx, ref, error instanceof Error ? error.message : String(error));
      },
    };
  }
}

async function noteRun(ctx: TxCtx, id: string, error: string | null): Promise<Verdict> {
  const now = ctx.now();
  const [row] = await kitTransaction(ctx).query<ScheduleRow>(
    `UPDATE kit_schedule SET last_at = $3, last_error = $4,
       took_ms = least(extract(epoch FROM $3::timestamptz - began_at) * 1000, 2147483647)::int
     WHERE tenant_id = $1 AND id = $2 RETURNING id, name, cron, time_zone, paused_at`,
    [ctx.tenantId, id, now, error],
  );
  // Of a paused one nothing is left that could come due.
  if (row === undefined || row.paused_at !== null) return undefined;
  return { restartAt: nextTime({ cron: row.cron, timeZone: row.time_zone }, now) };
}

interface NewSchedule {
  readonly tenantId: string;
  readonly name: string;
  readonly times: ScheduleTimes;
  readonly now: Date;
  readonly traceId: string;
}

/** One statement: the row, and its task; the due time of a task that is there changes only if the times do. */
async function put(query: Query, { tenantId, name, times, now, traceId }: NewSchedule): Promise<void> {
  const dueAt = nextTime(times, now);
  await query(
    `WITH before AS (
       SELECT cron, time_zone FROM kit_schedule WHERE tenant_id = $1 AND name = $3
     ), row AS (
       INSERT INTO kit_schedule (tenant_id, id, name, cron, time_zone) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, name) DO UPDATE SET cron = excluded.cron, time_zone = excluded.time_zone
       RETURNING id, paused_at
     )
     INSERT INTO kit_task (tenant_id, queue, ref, due_at, trace_id)
     SELECT $1, $6, id, $7, $8 FROM row WHERE paused_at IS NULL
     ON CONFLICT (queue, ref) DO UPDATE SET due_at = excluded.due_at
     WHERE kit_task.lease IS NULL
       AND NOT EXISTS (SELECT 1 FROM before WHERE before.cron = $4 AND before.time_zone = $5)`,
    [tenantId, newId(now), name, times.cron, times.timeZone, queueName, dueAt, traceId],
  );
}
