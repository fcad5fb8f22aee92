import { PgBoss, type Job } from "pg-boss";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import type { Ctx, TxCtx } from "./ctx.ts";
import type { EnqueueOptions, JobDefinition } from "./jobs.ts";
import type { Logger } from "./log.ts";
import type { Transaction } from "./transaction.ts";

const Envelope = z.object({ tenantId: z.string(), traceId: z.string(), actorId: z.string(), payload: z.unknown() });
type Envelope = z.infer<typeof Envelope>;

/** What runs at its times, for the platform as a whole; it opens a ctx for each tenant it finds work for. */
export interface ScheduledWork {
  readonly name: string;
  /** Five-field cron, in UTC. */
  readonly cron: string;
  readonly run: () => Promise<void>;
}

export type JobHandler<Payload> = (ctx: Ctx, payload: Payload) => Promise<void>;

interface Worker {
  readonly definition: JobDefinition<unknown>;
  readonly handler: JobHandler<unknown>;
}

/** Jobs and schedules on pg-boss: a job is a row on the same PostgreSQL, written in the caller's transaction. */
export class JobRunner {
  readonly #boss: PgBoss;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #open: (envelope: Envelope) => Ctx;
  readonly #workers = new Map<string, Worker>();
  readonly #schedules = new Map<string, ScheduledWork>();

  constructor(databaseUrl: string, clock: Clock, log: Logger, open: (envelope: Envelope) => Ctx) {
    this.#boss = new PgBoss({
      connectionString: databaseUrl,
      application_name: "zhanggui jobs",
      max: 4,
      useListenNotify: true,
      cronWorkerIntervalSeconds: 1,
    });
    this.#boss.on("error", (error) => log.error({ err: error }, "job queue"));
    this.#clock = clock;
    this.#log = log;
    this.#open = open;
  }

  handle<Payload>(definition: JobDefinition<Payload>, handler: JobHandler<Payload>): void {
    if (this.#workers.has(definition.name)) throw new Error(`the job ${definition.name} already has a handler`);
    this.#workers.set(definition.name, { definition, handler } as Worker);
  }

  schedule(work: ScheduledWork): void {
    this.#schedules.set(work.name, work);
  }

  async enqueue(
    ctx: TxCtx,
    trx: Transaction,
    definition: JobDefinition<unknown>,
    payload: unknown,
    options: EnqueueOptions,
  ): Promise<void> {
    if (!this.#workers.has(definition.name))
      throw new Error(`no module of this server handles the job ${definition.name}`);
    const envelope: Envelope = {
      tenantId: ctx.tenantId,
      traceId: ctx.traceId,
      actorId: ctx.actor.id,
      payload: definition.payload.parse(payload),
    };
    // The job queue's tables are the owner's.
    const db = { executeSql: (text: string, values?: unknown[]) => trx.client.query(text, values) };
    const startAfter = options.startAfter === undefined ? {} : { startAfter: options.startAfter };
    await trx.asOwner(() => this.#boss.send(definition.name, envelope, { db, ...startAfter }));
  }

  /** Connects, and creates the queues that are new. Whoever emits or queues needs this; `work` is for workers. */
  async start(): Promise<void> {
    await this.#boss.start();
    const names = [...this.#workers.keys(), ...this.#schedules.keys()];
    const existing = new Set((await this.#boss.getQueues(names)).map((queue) => queue.name));
    for (const { definition } of this.#workers.values()) {
      const options = {
        retryLimit: definition.retryLimit,
        retryDelay: definition.retryDelaySeconds,
        retryBackoff: true,
        retryDelayMax: 3600,
        expireInSeconds: definition.expireSeconds,
        notify: true,
      };
      if (existing.has(definition.name)) await this.#boss.updateQueue(definition.name, options);
      else await this.#boss.createQueue(definition.name, options);
    }
    for (const name of this.#schedules.keys()) {
      if (!existing.has(name)) await this.#boss.createQueue(name, { policy: "stately", retryLimit: 0 });
    }
  }

  async work(): Promise<void> {
    for (const { definition } of this.#workers.values()) {
      // A full batch means that more waits: without burst, one NOTIFY for many jobs would leave them to the next poll.
      const options = {
        batchSize: definition.concurrency,
        burstWhenBatchFull: true,
        perJobResults: true,
        notifyPollingIntervalSeconds: 2,
      } as const;
      await this.#boss.work<Envelope, unknown, typeof options>(definition.name, options, (jobs: Job<Envelope>[]) =>
        Promise.all(jobs.map((each) => this.#runSafely(definition.name, each))),
      );
    }
    for (const { name, cron, run } of this.#schedules.values()) {
      await this.#boss.work(name, run);
      await this.#boss.schedule(name, cron, null, { tz: "UTC" });
    }
    // A schedule that this version doesn't know may be a newer one's, whose workers run beside it during a deploy. One
    // that nobody works off any more queues one job and no second.
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, close: true, timeout: 10_000 });
  }

  /** For tests: runs what is due by the server's clock, once. Returns how many jobs ran. */
  async runDue(): Promise<number> {
    let ran = 0;
    await this.#pullForward();
    for (const { definition } of this.#workers.values()) {
      const jobs = await this.#boss.fetch<Envelope>(definition.name, { batchSize: 50 });
      for (const each of jobs) {
        const result = await this.#runSafely(definition.name, each);
        if (result.status === "completed") await this.#boss.complete(definition.name, each.id);
        else await this.#failUnderOurClock(definition.name, each.id, result.output);
      }
      ran += jobs.length;
    }
    return ran;
  }

  /** For tests: runs a schedule as if its time had come. */
  async runSchedule(name: string): Promise<void> {
    const work = this.#schedules.get(name);
    if (work === undefined) throw new Error(`no schedule ${name}; there are ${[...this.#schedules.keys()]}`);
    await work.run();
  }

  /** The pause before the retry counts from the server's time, not from the database's. */
  async #failUnderOurClock(name: string, id: string, message: string | undefined): Promise<void> {
    await this.#boss.fail(name, id, { message });
    await this.#boss
      .getDb()
      .executeSql(
        "UPDATE pgboss.job SET start_after = start_after + $1 * interval '1 millisecond' WHERE id = $2 AND state = 'retry'",
        [this.#clock.offsetMs, id],
      );
  }

  /** pg-boss reads the database's clock; jobs that a turned clock has made due are moved up to it. */
  async #pullForward(): Promise<void> {
    if (this.#clock.offsetMs === 0) return;
    await this.#boss
      .getDb()
      .executeSql(
        "UPDATE pgboss.job SET start_after = now() WHERE state < 'active' AND start_after > now() AND start_after <= $1",
        [this.#clock.now()],
      );
  }

  async #runSafely(name: string, job: Job<Envelope>) {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`no handler for ${name}`);
    try {
      const envelope = Envelope.parse(job.data);
      const ctx = this.#open(envelope);
      await worker.handler(ctx, worker.definition.payload.parse(envelope.payload));
      return { id: job.id, status: "completed" as const, output: undefined };
    } catch (error) {
      this.#log.error({ err: error, job: name, jobId: job.id }, "job failed");
      return { id: job.id, status: "failed" as const, output: error instanceof Error ? error.message : String(error) };
    }
  }
}
