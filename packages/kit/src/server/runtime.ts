import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import type { Clock } from "./clock.ts";
import { createCtx, refuseWhileTransactionIsOpen, runInside, type Actor, type Ctx, type CtxParts } from "./ctx.ts";
import type { Database } from "./database.ts";
import type { Env } from "./env.ts";
import { Events, type EventHandler } from "./events.ts";
import { Inbox, type InboxOptions, type InboxWork } from "./inbox.ts";
import { type JobHandler, JobRunner } from "./job-runner.ts";
import type { JobDefinition } from "./jobs.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Logger } from "./log.ts";
import { Metrics } from "./metrics.ts";
import type { OwnerTransaction, TenantWork } from "./owner-transaction.ts";
import { measurePool } from "./pool.ts";
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

/**
 * What modules stand on: it opens ctxs, and runs what modules register in their constructors (subscribers, jobs,
 * schedules, inboxes). One per process.
 */
export class Runtime {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Logger;
  readonly secrets: Secrets;
  readonly metrics = new Metrics();
  readonly lifecycle: Lifecycle;
  readonly #database: Database;
  readonly #events: Events;
  readonly #jobs: JobRunner;
  readonly #inboxes: Inbox[] = [];
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
    this.#events = new Events(database.owner, clock, log, (work) => this.ownerTransaction(work));
    this.#jobs = new JobRunner(env.DATABASE_URL, clock, log, ({ tenantId, traceId, actorId }) =>
      this.ctx(tenantId, { actor: system(actorId), traceId }),
    );
    this.schedule("kit.dead_letter_orphans", "41 * * * *", () => this.#events.deadLetterOrphans());
    // What a handler wrote may be the next one's work: an event, a row of another inbox.
    this.inbox("kit.dispatch", () => this.#thenWake(this.#events.dispatch()), { concurrency: 1, pollMs: 500 });
    this.inbox("kit.handle", () => this.#thenWake(this.#events.handle()), { concurrency: 8, pollMs: 500 });
  }

  /** Opens a ctx of a tenant. */
  ctx(tenantId: string, as: Omit<TenantWork, "tenantId"> = {}): Ctx {
    return createCtx(this.#parts({ ...as, tenantId }));
  }

  /** For work that spans tenants, such as queues: claims rows as the owner, and does the work as each row's tenant. */
  ownerTransaction<Result>(work: (trx: OwnerTransaction) => Promise<Result>): Promise<Result> {
    refuseWhileTransactionIsOpen("ownerTransaction()");
    return this.#database.transaction({ retries: 0 }, (trx) =>
      work({
        query: (text, values) => trx.query(text, values),
        savepoint: (inner) => trx.savepoint(inner),
        runAsTenant: async (as, inner) => {
          const parts = this.#parts(as);
          await trx.enter(await this.#database.scopeOf(parts));
          return runInside(parts, trx, inner);
        },
      }),
    );
  }

  /**
   * Queries without a tenant: for the platform's own tables, and for the few places that look for work of all
   * tenants. Each file that calls this is listed in modules.ts, with its reason.
   */
  unscopedDb(): Kysely<Tables> {
    refuseWhileTransactionIsOpen("unscopedDb()");
    return this.#database.owner;
  }

  /** Subscribes `handler` (a stable name, `<module>.<verb>`) to an event. */
  on<Payload>(event: EventDefinition<Payload>, handler: string, run: EventHandler<Payload>): void {
    this.#events.subscribe(event, handler, run);
  }

  job<Payload>(definition: JobDefinition<Payload>, handler: JobHandler<Payload>): void {
    this.#jobs.handle(definition, handler);
  }

  /** Runs `run` at the times of `cron` (five fields, UTC), on one of the workers. */
  schedule(name: string, cron: string, run: () => Promise<void>): void {
    this.#jobs.schedule({ name, cron, run });
  }

  /** Works off a table that is its own queue. Each commit of this process wakes it. */
  inbox(name: string, work: InboxWork, options: InboxOptions): void {
    this.#inboxes.push(new Inbox(name, work, options, this.log));
  }

  /** Wakes the loops of these queues, after a commit that put something there past a ctx. */
  wake(queues: ReadonlySet<string>): void {
    if (queues.size > 0) this.#wakeAll();
  }

  /** Runs when all work has stopped: to close what it used. */
  onShutdown(close: () => void): void {
    this.#closers.push(close);
  }

  /** Makes emitting and queueing possible; with `work` also runs subscribers, jobs, schedules and inboxes. */
  async start({ work }: { work: boolean }): Promise<void> {
    await this.#jobs.start();
    await this.registerSubscriptions();
    if (!work) return;
    await this.#jobs.work();
    for (const inbox of this.#inboxes) inbox.start();
    this.#heartbeat = setInterval(() => {
      this.registerSubscriptions().catch((error: unknown) =>
        this.log.error({ err: error }, "announcing handlers failed"),
      );
    }, 3_600_000).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    await Promise.all(this.#inboxes.map((inbox) => inbox.stop()));
    await this.#jobs.stop();
    for (const close of this.#closers) close();
    await Promise.all([this.lifecycle.close(), this.#database.close()]);
  }

  /** Tells the other processes which handlers this one runs; `start` does it, and again every hour. */
  async registerSubscriptions(): Promise<void> {
    await this.#events.registerSubscriptions();
  }

  /** For tests: works everything off that is due by the server's clock, until nothing is left. */
  async runUntilIdle(): Promise<void> {
    for (let rounds = 0; rounds < 1000; rounds++) {
      let busy = false;
      for (const inbox of this.#inboxes) while (await inbox.work()) busy = true;
      if ((await this.#jobs.runDue()) > 0) busy = true;
      if (!busy) return;
    }
    throw new Error("runUntilIdle: after 1000 rounds there is still work; does something feed itself?");
  }

  /** For tests: runs a schedule as if its time had come. */
  async runSchedule(name: string): Promise<void> {
    await this.#jobs.runSchedule(name);
  }

  async #thenWake(work: Promise<boolean>): Promise<boolean> {
    const worked = await work;
    if (worked) this.#wakeAll();
    return worked;
  }

  #wakeAll(): void {
    for (const inbox of this.#inboxes) inbox.nudge();
  }

  #parts({
    tenantId,
    actor = system("system"),
    traceId = newTraceId(),
    source = "",
    signal = never,
  }: TenantWork): CtxParts {
    return {
      tenantId,
      actor,
      traceId,
      source,
      signal,
      log: this.log.child({ tenantId, traceId }),
      database: this.#database,
      now: () => this.clock.now(),
      emit: (ctx, event, payload) => this.#events.emit(ctx, event, payload),
      enqueue: (ctx, trx, job, payload, options) => this.#jobs.enqueue(ctx, trx, job, payload, options),
      committed: () => this.#wakeAll(),
    };
  }
}

/** The system itself, or the part of it that `id` names. */
export function system(id: string): Actor {
  return { kind: "system", id, name: id, permissions: systemPermissions };
}

/** A trace id as W3C Trace Context writes it: 32 hex digits. */
export function newTraceId(): string {
  return randomBytes(16).toString("hex");
}
