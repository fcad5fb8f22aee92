import { randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import type { Changes } from "./changes.ts";
import type { Clock } from "./clock.ts";
import { createCtx, kitTransaction, refuseWhileTransactionIsOpen, runInside } from "./ctx.ts";
import type { Actor, Ctx, CtxParts, TaskOptions, TxCtx } from "./ctx.ts";
import type { Database } from "./database.ts";
import type { Env } from "./env.ts";
import { Events, type EventHandler, type SubscribeOptions } from "./events.ts";
import { type JobHandler, JobRunner } from "./job-runner.ts";
import type { JobDefinition } from "./jobs.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Logger } from "./log.ts";
import { Maintenance } from "./maintenance.ts";
import { Metrics } from "./metrics.ts";
import type { OpenOwnerTransaction, TenantWork } from "./owner-transaction.ts";
import type { Step } from "./pipeline.ts";
import { measurePool } from "./pool.ts";
import type { InsideQueue, OutsideQueue } from "./queue/definition.ts";
import type { Query } from "./query.ts";
import { addMonths, pruneEvents, replayEvents } from "./queue/event-log.ts";
import { measureQueues } from "./queue/measure.ts";
import { Queues, type StopOptions } from "./queue/queues.ts";
import { deadLetterOrphans, register } from "./queue/registration.ts";
import { SlowQueries } from "./slow-queries.ts";
import { Schedules, type ScheduleTimes } from "./schedules.ts";
import { Secrets } from "./secrets.ts";
import type { Tables } from "./tables.ts";

export interface RuntimeOptions {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Logger;
  readonly database: Database;
}

const systemPermissions: ReadonlySet<string> = new Set();
/** Of work that nobody stops. */
const never = new AbortController().signal;
const registerEveryMs = 3_600_000;

/**
 * What modules stand on: it opens ctxs, and runs what modules register in their constructors (subscribers, jobs,
 * schedules, queues). One per process.
 */
export class Runtime {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Logger;
  readonly secrets: Secrets;
  readonly metrics = new Metrics();
  readonly lifecycle: Lifecycle;
  readonly jobs = new JobRunner();
  readonly schedules: Schedules;
  /** Whether the server is closed for work on it; its queues rest then. */
  readonly maintenance: Maintenance;
  readonly #database: Database;
  readonly #events = new Events();
  readonly #queues: Queues;
  readonly #slowQueries: SlowQueries;
  readonly #closers: (() => void)[] = [];
  #heartbeat: NodeJS.Timeout | undefined;

  constructor({ env, clock, log, database }: RuntimeOptions) {
    this.env = env;
    this.clock = clock;
    this.log = log;
    this.secrets = new Secrets(env.SECRET_KEYS);
    this.lifecycle = new Lifecycle(env.DATABASE_URL);
    this.#database = database;
    measurePool(database.pool, this.metrics);
    const thresholdMs = env.DATABASE_SLOW_QUERY_MS;
    this.#slowQueries = new SlowQueries({ clock, log, query: this.#query, thresholdMs });
    if (thresholdMs > 0) this.#slowQueries.watch(database.pool);
    this.schedules = new Schedules(log);
    const environment = {
      clock,
      log,
      transaction: this.ownerTransaction,
      query: <Row extends object>(text: string, values?: readonly unknown[]) => this.#query<Row>(text, values),
      openCtx: (as: TenantWork) => this.ctx(as.tenantId, as),
      systemActor: system,
      runs: this.metrics.counter({
        name: "zg_queue_tasks_total",
        help: "Tasks that were done, failed (and are tried again), or died",
        labels: ["queue", "outcome"],
      }),
    };
    const transactions = Math.max(2, Math.floor(database.pool.options.max / 2));
    this.#queues = new Queues(env.DATABASE_DIRECT_URL, environment, transactions, () => this.maintenance.told());
    const own: Query = (text, values = []) => this.#queues.query(text, values);
    this.maintenance = new Maintenance(own, log, (isOn) => this.#queues.rest(isOn));
    measureQueues(this.metrics, this.#query, clock);
    this.#queues.add(this.schedules.queue);
    database.changed = (tenantId, tables) => this.changes.note(tenantId, tables);
    this.schedule("kit.dead_letter_orphans", "41 * * * *", () => deadLetterOrphans(this.#query, clock.now(), log));
    this.schedule("kit.tend_event_log", "23 2 * * *", () => this.#tendEventLog());
  }

  /** Opens a ctx of a tenant. */
  ctx(tenantId: string, as: Omit<TenantWork, "tenantId"> = {}): Ctx {
    return createCtx(this.#parts({ ...as, tenantId }));
  }

  /** For work that spans tenants, such as queues: claims rows as the owner, and does the work as each row's tenant. */
  readonly ownerTransaction: OpenOwnerTransaction = async (work, options = {}) => {
    refuseWhileTransactionIsOpen("ownerTransaction()");
    let queued: ReadonlySet<string> = new Set();
    const result = await this.#database.transaction({ ...options, retries: 0 }, (trx) => {
      ({ queued } = trx);
      return work({
        query: (text, values) => trx.query(text, values),
        savepoint: (inner) => trx.savepoint(inner),
        runAsTenant: async (as, inner) => {
          const parts = this.#parts(as);
          trx.enter(await this.#database.scopeOf(parts));
          return runInside(parts, trx, inner);
        },
      });
    });
    this.#queues.wake(queued);
    return result;
  };

  /** The tables whose changes go into the audit log; the application adds those of its modules. */
  get auditedTables(): Set<string> {
    return this.#database.audited;
  }

  /**
   * Queries without a tenant: for the platform's own tables, and for the few places that look for work of all
   * tenants. Each file that calls this is listed in modules.ts, with its reason.
   */
  unscopedDb(): Kysely<Tables> {
    refuseWhileTransactionIsOpen("unscopedDb()");
    return this.#database.owner;
  }

  /** The same for one large statement that runs again and again: planning it costs more than running it. */
  unscopedStep<Row extends object>(step: Step): Promise<Row[]> {
    refuseWhileTransactionIsOpen("unscopedStep()");
    return this.#database.ownerStep(step);
  }

  /** Subscribes `handler` (a stable name, `<module>.<verb>`) to an event. */
  on<Payload>(
    event: EventDefinition<Payload>,
    handler: string,
    run: EventHandler<Payload>,
    options?: SubscribeOptions<Payload>,
  ): void {
    const queue = this.#events.subscribe(event, handler, run, options);
    if (queue !== undefined) this.#queues.add(queue);
  }

  job<Payload>(definition: JobDefinition<Payload>, handler: JobHandler<Payload>): void {
    this.#queues.add(this.jobs.handle(definition, handler));
  }

  /** Runs `run` at the times of `cron` (five fields, UTC unless `timeZone` says otherwise), on one of the workers. */
  schedule(
    name: string,
    cron: string,
    run: () => Promise<void>,
    { timeZone = "UTC" }: Partial<ScheduleTimes> = {},
  ): void {
    this.schedules.add(name, { cron, timeZone }, run);
  }

  /** Works off tasks about a module's own rows, which `ctx.queueTask` puts there. */
  queue<Item, Result>(definition: InsideQueue<Item> | OutsideQueue<Item, Result>): void {
    this.#queues.add(definition);
  }

  /** Wakes these queues here and in other processes, after a commit that put something there past a ctx. */
  wake(queues: ReadonlySet<string>): void {
    this.#queues.wake(queues);
  }

  /** What rows of tenants have changed, in whatever process: lists that are being read follow it. */
  get changes(): Changes {
    return this.#queues.changes;
  }

  /** Runs when all work has stopped: to close what it used. */
  onShutdown(close: () => void): void {
    this.#closers.push(close);
  }

  /** Makes emitting and queueing possible; with `work` also works off the queues, jobs and schedules among them. */
  async start({ work }: { work: boolean }): Promise<void> {
    await this.#queues.start({ work: false });
    await this.maintenance.look();
    await this.registerSubscriptions();
    if (!work) return;
    await addMonths(this.#query, this.clock.now());
    await this.schedules.register(this.#query, this.clock.now(), newTraceId());
    await this.#queues.start({ work: true });
    this.#heartbeat = setInterval(() => {
      this.registerSubscriptions().catch((error: unknown) =>
        this.log.error({ err: error }, "registering subscriptions failed"),
      );
    }, registerEveryMs).unref();
  }

  /** Claims no more work, and lets what runs end until the deadline; what still runs then is cut off and given back. */
  stopWork(options?: StopOptions): Promise<void> {
    clearInterval(this.#heartbeat);
    return this.#queues.stopWork(options);
  }

  /** Stops the work if nobody has, and closes everything. */
  async stop(options?: StopOptions): Promise<void> {
    await this.stopWork(options);
    await this.#queues.stop();
    for (const close of this.#closers) close();
    this.#slowQueries.stop();
    await this.#slowQueries.write();
    await Promise.all([this.lifecycle.close(), this.#database.close()]);
  }

  /** Tells the other processes what this one works off; `start` does it, and again every hour. */
  async registerSubscriptions(): Promise<void> {
    const { subscriptions, keepDays } = this.#events;
    const { names: queues, aliases } = this.#queues;
    await register(this.#query, { now: this.clock.now(), queues, aliases, subscriptions, keepDays });
  }

  /**
   * Gives a handler of this process events from before it, or that it handled already.
   *
   * @returns how many events it gets
   */
  async replayEvents(handler: string, since: Date, tenantId?: string): Promise<number> {
    const own = this.#events.subscriptions.filter((each) => each.handler === handler);
    if (own.length === 0) throw new Error(`no handler ${handler} in this process`);
    const eventNames = own.map((each) => each.eventName);
    const replay = { handler, eventNames, since, ...(tenantId === undefined ? {} : { tenantId }) };
    const count = await replayEvents(this.#query, this.clock.now(), replay);
    this.#queues.wake([handler]);
    return count;
  }

  /** For tests: works everything off that is due by the server's clock, until nothing is left. */
  async runUntilIdle(): Promise<void> {
    for (let rounds = 0; rounds < 1000; rounds++) if (!(await this.#queues.drain())) return;
    throw new Error("runUntilIdle: after 1000 rounds there is still work; does something feed itself?");
  }

  /** For tests: runs a schedule as if its time had come. */
  async runSchedule(name: string): Promise<void> {
    await this.schedules.runNow(name);
  }

  async #tendEventLog(): Promise<void> {
    const now = this.clock.now();
    await addMonths(this.#query, now);
    const pruned = await pruneEvents(this.#query, now);
    await this.jobs.prune(this.#query, now);
    await this.#slowQueries.prune();
    if (pruned > 0) this.log.info({ pruned }, "old events were deleted");
  }

  async #queueTask(ctx: TxCtx, name: string, ref: string, { key, startAfter }: TaskOptions): Promise<void> {
    const { query, queued } = kitTransaction(ctx);
    const known = this.#queues.get(name);
    if (known === undefined) throw new Error(`no module of this server works off the queue ${name}`);
    const keyed = known.keyed ?? false;
    if (keyed !== (key !== undefined)) throw new Error(`tasks of ${name} ${keyed ? "need a" : "have no"} key`);
    await query(
      `INSERT INTO kit_task (tenant_id, queue, ref, key, due_at, trace_id) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (queue, ref) DO NOTHING`,
      [ctx.tenantId, name, ref, key ?? null, startAfter ?? null, ctx.traceId],
    );
    queued.add(name);
  }

  /** As the owner, each statement by itself. */
  readonly #query: Query = async <Row>(text: string, values: readonly unknown[] = []) => {
    const { rows } = await this.#database.pool.query<Row & Record<string, unknown>>(text, [...values]);
    return rows;
  };

  #parts({
    tenantId,
    actor = system("system"),
    traceId = newTraceId(),
    source = "",
    signal = never,
    act,
    callId,
  }: TenantWork): CtxParts {
    const parent = this.log;
    let log: Logger | undefined;
    let audit: string | undefined;
    return {
      tenantId,
      actor,
      traceId,
      source,
      signal,
      // Most ctxs of a worker never log, and making a logger is the dearest part of making a ctx.
      get log() {
        log ??= parent.child({ tenantId, traceId });
        return log;
      },
      get audit() {
        const { kind, id, name } = actor;
        audit ??= JSON.stringify({ kind, id, name, source, traceId, act, callId });
        return audit;
      },
      database: this.#database,
      now: () => this.clock.now(),
      emit: (ctx, event, payloads) => this.#events.emit(ctx, event, payloads),
      enqueue: (ctx, job, payload, options) => this.jobs.enqueue(ctx, job, payload, options),
      queueTask: (ctx, queue, ref, options) => this.#queueTask(ctx, queue, ref, options),
      committed: (queued) => this.#queues.wake(queued),
    };
  }
}

/** The system itself, or the part of it that `id` names. */
export function system(id: string): Actor {
  return { kind: "system", id, name: id, permissions: systemPermissions };
}

/** A trace id as W3C Trace Context writes it: 32 hex digits. Of a UUID: Node keeps random bytes in store for these. */
export function newTraceId(): string {
  return randomUUID().replaceAll("-", "");
}
