import type { Actor } from "../ctx.ts";
import type { InsideQueue, Queue, Task } from "./definition.ts";
import type { Query } from "../query.ts";
import {
  heldBy,
  LeaseLost,
  messageOf,
  persist,
  type Run,
  type RunEnvironment,
  Stopped,
  TimedOut,
} from "./environment.ts";
import type { OwnerTransaction } from "../owner-transaction.ts";
import { bury, freeLanes, putOff, release, removeDone } from "./settlements.ts";
import { tracedRoot } from "../tracing/spans.ts";
import { taskSpan } from "./task-span.ts";

type Inside = Queue & InsideQueue;
const rowIsGone = "what it is about is no longer there";

/** What a try at a batch came to. */
interface Outcome {
  readonly done: Task[];
  readonly failed: { readonly task: Task; readonly error: unknown }[];
  /** Their rows are gone. */
  readonly missing: Task[];
  /** Not run: the batch was cut off, or something before them failed. */
  readonly left: Task[];
}

/**
 * Runs a batch in one transaction with the deletion of its tasks. Only if something throws it is done over, with a
 * savepoint for each task; only if that fails as a whole (the connection broke, the commit was refused) each task has
 * to run alone, for any of them may be the one that does it.
 */
export async function runInside(run: Run, environment: RunEnvironment): Promise<void> {
  const batch = new Batch(run, environment);
  const [first] = run.tasks;
  if (first !== undefined && first.attempt > run.queue.attempts) {
    return batch.fail(first, new Error("each try ended with the death of its process or its connection"));
  }
  try {
    return await batch.run(runPlainly);
  } catch (error) {
    if (!batch.mustIsolate(error)) return batch.settleFailure(error);
  }
  try {
    return await batch.run(runWithSavepoints);
  } catch (error) {
    return batch.settleFailure(error);
  }
}

type Pass = (batch: Batch, trx: OwnerTransaction) => Promise<Outcome>;

async function runPlainly(batch: Batch, trx: OwnerTransaction): Promise<Outcome> {
  const outcome: Outcome = { done: [], failed: [], missing: [], left: [] };
  const items = await batch.load(trx);
  for (const group of batch.groups(items)) {
    const [first] = group;
    if (outcome.done.length > 0 && batch.shouldYield()) outcome.left.push(...group);
    else if (first !== undefined && !items.has(first.ref)) outcome.missing.push(first);
    else {
      await batch.runGroup(trx, group, items);
      outcome.done.push(...group);
    }
  }
  return outcome;
}

async function runWithSavepoints(batch: Batch, trx: OwnerTransaction): Promise<Outcome> {
  const outcome: Outcome = { done: [], failed: [], missing: [], left: [] };
  const items = await batch.load(trx);
  // Keys whose first task failed, or was left: what follows must not overtake it.
  const blocked = new Set<string>();
  const laneOf = ({ tenantId, key }: Task): string => `${tenantId} ${key}`;
  for (const task of batch.tasks) {
    const isBlocked = task.key !== null && blocked.has(laneOf(task));
    if (isBlocked || (outcome.done.length > 0 && batch.shouldYield())) {
      outcome.left.push(task);
      blocked.add(laneOf(task));
    } else if (!items.has(task.ref)) outcome.missing.push(task);
    else {
      try {
        await trx.savepoint(() => batch.runGroup(trx, [task], items));
        outcome.done.push(task);
      } catch (error) {
        if (batch.isOver()) throw error;
        outcome.failed.push({ task, error });
        blocked.add(laneOf(task));
      }
    }
  }
  return outcome;
}

class Batch {
  readonly tasks: readonly Task[];
  readonly #run: Run;
  readonly #queue: Inside;
  readonly #environment: RunEnvironment;
  readonly #actor: Actor;
  /** What runs now. */
  #current: readonly Task[] | undefined;
  #began = false;
  #over = new AbortController();

  constructor(run: Run, environment: RunEnvironment) {
    this.#run = run;
    this.#queue = run.queue as Inside;
    this.#environment = environment;
    this.#actor = environment.systemActor(this.#queue.actorId ?? this.#queue.name);
    // By tenant, so that the transaction steps from one to the next no more often than it must.
    this.tasks = run.tasks.toSorted((a, b) =>
      a.tenantId < b.tenantId ? -1 : a.tenantId > b.tenantId ? 1 : a.seq - b.seq,
    );
  }

  shouldYield(): boolean {
    return this.#run.shouldYield();
  }

  isOver(): boolean {
    return this.#over.signal.aborted;
  }

  load(trx: OwnerTransaction): Promise<ReadonlyMap<string, unknown>> {
    return (
      this.#queue.load?.(trx.query, this.tasks) ??
      Promise.resolve(new Map(this.tasks.map(({ ref }) => [ref, undefined])))
    );
  }

  /** What runs at once: tasks of one tenant and kind that follow each other; else each by itself. */
  groups(items: ReadonlyMap<string, unknown>): Task[][] {
    const groups: Task[][] = [];
    let shared: string | undefined;
    for (const task of this.tasks) {
      const kind = items.has(task.ref) ? this.#queue.together?.kindOf(items.get(task.ref)) : undefined;
      const who = kind && `${task.tenantId} ${kind}`;
      if (who !== undefined && who === shared) groups.at(-1)?.push(task);
      else groups.push([task]);
      shared = who;
    }
    return groups;
  }

  async runGroup(trx: OwnerTransaction, group: readonly Task[], items: ReadonlyMap<string, unknown>): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    this.#current = group;
    this.#began = true;
    const { tenantId, traceId } = first;
    const signal = this.#over.signal;
    const from = performance.now();
    const withItems = group.map((task) => ({ ...task, item: items.get(task.ref) }));
    const work = (): Promise<unknown> =>
      trx.runAsTenant({ tenantId, traceId, actor: this.#actor, signal }, (ctx) =>
        group.length > 1 && this.#queue.together !== undefined
          ? this.#queue.together.run(ctx, withItems)
          : this.#queue.run(ctx, first, items.get(first.ref)),
      );
    try {
      const span = taskSpan(this.#queue.name, first, group.length);
      await tracedRoot(
        this.#environment.tracer,
        group.map((each) => each.traceId),
        span,
        work,
      );
    } finally {
      const eachMs = (performance.now() - from) / group.length;
      for (const each of group) this.#run.took(each.tenantId, eachMs);
    }
    this.#current = undefined;
  }

  /** One transaction: the tasks, and what became of them. */
  async run(pass: Pass): Promise<void> {
    this.#over = new AbortController();
    this.#current = undefined;
    this.#began = false;
    const { signal } = this.#run;
    const end = (): void => this.#over.abort(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    const watch = this.#watch();
    let done = 0;
    try {
      await this.#environment.transaction(
        async (trx) => {
          const outcome = await pass(this, trx);
          this.#current = undefined;
          await this.#settle(trx.query, outcome);
          done = outcome.done.length;
        },
        { signal: this.#over.signal },
      );
      this.#count("done", done);
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", end);
    }
  }

  /** Ends the transaction when one task, or what runs at once, takes longer than a task may. One timer for all. */
  #watch(): NodeJS.Timeout {
    const { timeoutMs } = this.#queue;
    let watched: readonly Task[] | undefined;
    let since = performance.now();
    const stepMs = Math.max(5, Math.min(1000, timeoutMs / 4));
    return setInterval(() => {
      if (this.#current !== watched || watched === undefined) {
        watched = this.#current;
        since = performance.now();
      } else if (performance.now() - since >= timeoutMs - stepMs) {
        this.#over.abort(new TimedOut(`it ran longer than ${timeoutMs} ms`));
      }
    }, stepMs).unref();
  }

  async #settle(query: Query, { done, failed, missing, left }: Outcome): Promise<void> {
    if (done.length > 0) {
      const { offsetMs } = this.#environment.clock;
      const isHeld = await removeDone(query, heldBy(this.#run, done), this.#queue.noteDone, offsetMs);
      if (!isHeld) throw new LeaseLost("others work on it already");
    }
    for (const { task, error } of failed) await this.#settleFailed(query, task, error);
    if (missing.length > 0) await bury(query, heldBy(this.#run, missing), rowIsGone, this.#environment.clock.offsetMs);
    if (left.length > 0) await release(query, heldBy(this.#run, left));
    if (this.#queue.keyed && (await freeLanes(query, heldBy(this.#run, done)))) this.#run.foundMore();
  }

  async #settleFailed(query: Query, task: Task, error: unknown): Promise<void> {
    const { log, clock } = this.#environment;
    const { name, attempts, backoffMs } = this.#queue;
    const dead = task.attempt >= attempts;
    const about = {
      queue: name,
      ref: task.ref,
      attempt: task.attempt,
      dead,
      tenantId: task.tenantId,
      traceId: task.traceId,
    };
    log.error({ err: error, ...about }, "a task failed");
    this.#run.foundMore();
    this.#count(dead ? "dead" : "failed", 1);
    const held = heldBy(this.#run, [task]);
    if (dead) await bury(query, held, messageOf(error), clock.offsetMs);
    else {
      const retry = { afterMs: backoffMs(task.attempt), error: messageOf(error), clockOffsetMs: clock.offsetMs };
      await putOff(query, held, retry);
    }
  }

  #count(outcome: "done" | "failed" | "dead", tasks: number): void {
    this.#environment.runs.add({ queue: this.#queue.name, outcome }, tasks);
  }

  /** Whether a second pass can tell which task it was. */
  mustIsolate(error: unknown): boolean {
    const isOne = this.#current !== undefined && this.tasks.length > 1;
    return isOne && !this.isOver() && !(error instanceof LeaseLost);
  }

  /** Writes down that a transaction failed as a whole. */
  async settleFailure(error: unknown): Promise<void> {
    // Of several that ran at once nobody knows which it was.
    const culprit = this.#current?.length === 1 ? this.#current[0] : undefined;
    const [only] = this.tasks;
    if (error instanceof LeaseLost || error instanceof Stopped || !this.#began)
      return this.#giveBack(this.tasks, error);
    if (culprit !== undefined && error instanceof TimedOut) {
      await this.fail(culprit, error);
      return this.#giveBack(
        this.tasks.filter((task) => task !== culprit),
        error,
      );
    }
    if (this.tasks.length === 1 && only !== undefined) return this.fail(only, error);
    this.#environment.log.error(
      { err: error, queue: this.#queue.name, tasks: this.tasks.length },
      "a batch failed as a whole; its tasks run one by one now",
    );
    const retry = { afterMs: 0, error: messageOf(error), clockOffsetMs: this.#environment.clock.offsetMs };
    await this.#write((query) => putOff(query, heldBy(this.#run, this.tasks), retry));
  }

  fail(task: Task, error: unknown): Promise<void> {
    return this.#write((query) => this.#settleFailed(query, task, error));
  }

  async #giveBack(tasks: readonly Task[], error: unknown): Promise<void> {
    const { log } = this.#environment;
    log.warn({ err: error, queue: this.#queue.name, tasks: tasks.length }, "tasks were given back");
    if (tasks.length > 0) await this.#write((query) => release(query, heldBy(this.#run, tasks)));
  }

  #write(write: (query: Query) => Promise<unknown>): Promise<void> {
    const { log, transaction } = this.#environment;
    return persist(this.#run, log, () => transaction(async ({ query }) => void (await write(query))));
  }
}
