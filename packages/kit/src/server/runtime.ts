import type { Kysely } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import { Caches } from "./cache.ts";
import type { Changes } from "./changes.ts";
import type { Clock } from "./clock.ts";
import { createCtx, kitTransaction, refuseWhileTransactionIsOpen, runInside } from "./ctx.ts";
import type { Ctx, CtxParts, TxCtx } from "./ctx.ts";
import { type CtxMeans, newTraceId, RuntimeParts, system } from "./ctx-parts.ts";
import type { Database } from "./database.ts";
import type { Env } from "./env.ts";
import {
  Events,
  type EventHandler,
  type Forwarding,
  type PublishedHandler,
  type PublishedOptions,
  type SubscribeOptions,
} from "./events.ts";
import { type JobHandler, JobRunner } from "./job-runner.ts";
import type { JobDefinition } from "./jobs.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { LogLines } from "./log-lines.ts";
import type { Logger } from "./log.ts";
import { Maintenance } from "./maintenance.ts";
import { Metrics } from "./metrics.ts";
import type { OpenOwnerTransaction, TenantWork } from "./owner-transaction.ts";
import type { Step } from "./pipeline.ts";
import type { ForwardQueue, InsideQueue, OutsideQueue } from "./queue/definition.ts";
import type { Query } from "./query.ts";
import { addMonths, pruneEvents, replayEvents } from "./queue/event-log.ts";
import { countRuns, measureQueues } from "./queue/measure.ts";
import { putTasks } from "./queue/put-tasks.ts";
import { Queues, type StopOptions } from "./queue/queues.ts";
import { deadLetterOrphans, listenTo, register } from "./queue/registration.ts";
import { Schedules, type ScheduleTimes } from "./schedules.ts";
import { Secrets } from "./secrets.ts";
import { SharedStore } from "./redis-store.ts";
import type { Tables } from "./tables.ts";
import type { SpanSink } from "./tracing/spans.ts";
import { TenantStates } from "./tenant-states.ts";
import { Told } from "./told.ts";
import { Watched } from "./watched.ts";

export interface RuntimeOptions {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Logger;
  /** What `log` writes, for whoever keeps it. */
  readonly lines?: LogLines;
  readonly database: Database;
}

const registerEveryMs = 3_600_000;

/**
 * What modules stand on: it opens ctxs, and runs what modules register in their constructors (subscribers, jobs,
 * schedules, queues). One per process.
 */
export class Runtime {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lines: LogLines | undefined;
  readonly secrets: Secrets;
  readonly metrics = new Metrics();
  readonly lifecycle: Lifecycle;
  readonly jobs = new JobRunner();
  readonly schedules: Schedules;
  /** What several processes share in Redis, where there is one. */
  readonly shared: SharedStore | undefined;
  readonly caches: Caches;
  /** What other processes tell this one: who keeps something in memory listens here. */
  readonly told = new Told();
  /** Whether the server is closed for work on it; its queues rest then. */
  readonly maintenance: Maintenance;
  /** What the tenants have agreed on, and who of them reads only. */
  readonly tenants: TenantStates;
  readonly #database: Database;
  readonly #events = new Events();
  readonly #queues: Queues;
  readonly #watched: Watched;
  readonly #closers: (() => void)[] = [];
  readonly #means: CtxMeans;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor({ env, clock, log, database, lines }: RuntimeOptions) {
    this.env = env;
    this.clock = clock;
    this.log = log;
    this.lines = lines;
    this.secrets = new Secrets(env.SECRET_KEYS);
    this.lifecycle = new Lifecycle(env.DATABASE_URL);
    const { REDIS_URL: url, REDIS_PREFIX: prefix } = env;
    this.shared = url === undefined ? undefined : new SharedStore({ url, prefix, log, metrics: this.metrics });
    this.caches = new Caches({ metrics: this.metrics, secrets: this.secrets, store: this.shared });
    this.told.on("cache", { hear: (what) => this.caches.hear(what), missed: () => this.caches.missed() });
    this.#database = database;
    this.#means = {
      clock,
      log,
      database,
      emit: (ctx, event, payloads) => this.#events.emit(ctx, event, payloads),
      enqueue: (ctx, job, payload, options) => this.jobs.enqueue(ctx, job, payload, options),
      queueTasks: (ctx, queue, refs, options) => putTasks(ctx, queue, this.#queues.get(queue), refs, options),
      committed: (queued) => this.#queues.wake(queued),
    };
    this.#watched = new Watched({ env, clock, log, metrics: this.metrics, database, query: this.#query });
    this.schedules = new Schedules(log);
    this.tenants = new TenantStates(clock, log, () => this.#queues.wakeAll());
    const environment = {
      clock,
      log,
      transaction: this.ownerTransaction,
      query: <Row extends object>(text: string, values?: readonly unknown[]) => this.#query<Row>(text, values),
      openCtx: (as: TenantWork) => this.ctx(as.tenantId, as),
      systemActor: system,
      tracer: this.tracer,
      readOnlyIds: () => this.tenants.readOnlyIds,
      runs: countRuns(this.metrics),
    };
    const transactions = Math.max(2, Math.floor(database.pool.options.max / 2));
    this.#queues = new Queues(env.DATABASE_DIRECT_URL, environment, transactions, this.told);
    this.maintenance = new Maintenance(this.hotQuery, log, (isOn) => this.#queues.rest(isOn));
    this.told.on("maintenance", { hear: () => this.maintenance.told(), missed: () => this.maintenance.told() });
    this.told.on("tenant", { hear: (id) => this.tenants.told(id), missed: () => this.tenants.told() });
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

  /** Takes what is traced, where the environment names a collector. */
  get tracer(): SpanSink | undefined {
    return this.#watched.tracer;
  }

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

  /**
   * The same for what a process keeps in memory, on the connection that it hears changes on: it waits for no connection
   * of the pool, so it may be asked while a transaction is open; of the pool's only while there is no such connection.
   * Rows come in snake_case.
   */
  readonly hotQuery: Query = (text, values = []) =>
    this.#queues.listens ? this.#queues.query(text, values) : this.#query(text, values);

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

  /** Says that whoever listens from outside may hear of these events: a module's wiring lists them. */
  publish(events: readonly EventDefinition<unknown>[]): void {
    this.#events.publish(events);
  }

  /** Every event that a module publishes. */
  get publishedEvents(): readonly EventDefinition<unknown>[] {
    return this.#events.published;
  }

  /** Subscribes `handler` to every event that is published; `byTenant` to those of tenants that `listen` only. */
  onPublished(handler: string, run: PublishedHandler, options?: PublishedOptions): void {
    this.#queues.add(this.#events.subscribeToPublished(handler, run, options));
  }

  /** Hands every event that is published on to somebody outside. The queue rests while `restQueue` says so. */
  forwardPublished(handler: string, forward: Forwarding, options?: SubscribeOptions): void {
    this.#queues.add(this.#events.forwardPublished(handler, forward, options));
  }

  /**
   * What the ctx's tenant wants to hear of by a handler that is `byTenant`, in place of what it wanted before: from the
   * commit on, for emits in all processes.
   */
  async listen(ctx: TxCtx, handler: string, eventNames: readonly string[]): Promise<void> {
    await listenTo((text, values) => kitTransaction(ctx).query(text, values), ctx.tenantId, handler, eventNames);
  }

  /** A queue of this process claims nothing while what it needs isn't there; its tasks wait. */
  restQueue(name: string, rests: boolean): void {
    this.#queues.restOne(name, rests);
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
  queue<Item, Result>(definition: InsideQueue<Item> | OutsideQueue<Item, Result> | ForwardQueue<Item>): void {
    this.#queues.add(definition);
  }

  /** Wakes these queues here and in other processes, after a commit that put something there past a ctx. */
  wake(queues: ReadonlySet<string>): void {
    this.#queues.wake(queues);
  }

  /** Tells the other processes, by no transaction; see `Told`. */
  tell(word: string, what: string): void {
    this.#queues.tell([`${word} ${what}`]);
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
    await this.tenants.look();
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
    this.shared?.close();
    await this.lines?.stop();
    await this.#watched.stop();
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
    await this.#watched.prune();
    if (pruned > 0) this.log.info({ pruned }, "old events were deleted");
  }

  /** As the owner, each statement by itself. */
  readonly #query: Query = async <Row>(text: string, values: readonly unknown[] = []) => {
    const { rows } = await this.#database.pool.query<Row & Record<string, unknown>>(text, [...values]);
    return rows;
  };

  #parts(work: TenantWork): CtxParts {
    return new RuntimeParts(this.#means, work);
  }
}
