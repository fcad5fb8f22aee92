import { type ForwardQueue, OutOfReach, type Queue } from "./definition.ts";
import {
  type ClaimedTask,
  heldBy,
  LeaseLost,
  messageOf,
  persist,
  type Run,
  type RunEnvironment,
} from "./environment.ts";
import type { Query } from "../query.ts";
import { bury, freeLanes, putOff, release, removeDone } from "./settlements.ts";

type Failures = ReadonlyMap<ClaimedTask, unknown>;
const rowIsGone = "what it is about is no longer there";

/** Hands a batch on, then settles it in one transaction. None is open while somebody outside is waited for. */
export function runForward(run: Run, environment: RunEnvironment): Promise<void> {
  return new Forwarded(run, environment).run();
}

class Forwarded {
  readonly #run: Run;
  readonly #queue: Queue & ForwardQueue;
  readonly #environment: RunEnvironment;

  constructor(run: Run, environment: RunEnvironment) {
    this.#run = run;
    this.#queue = run.queue as Queue & ForwardQueue;
    this.#environment = environment;
  }

  async run(): Promise<void> {
    const { attempts, load } = this.#queue;
    const worn = this.#run.tasks.filter(({ attempt }) => attempt > attempts);
    const tasks = this.#run.tasks.filter((task) => !worn.includes(task));
    const failed = new Map<ClaimedTask, unknown>(
      worn.map((task) => [task, new Error("each try ended with the death of its process")]),
    );
    let items: ReadonlyMap<string, unknown>;
    try {
      items = await load(this.#environment.query, tasks);
      const failures = await this.#forward(tasks.flatMap(({ ref }) => (items.has(ref) ? [items.get(ref)] : [])));
      for (const task of tasks) {
        const failure = failures.get(items.get(task.ref));
        if (failure !== undefined) failed.set(task, failure);
      }
    } catch (error) {
      const { log } = this.#environment;
      log.warn({ err: error, queue: this.#queue.name, tasks: tasks.length }, "a batch was not handed on");
      // What ends with the process, or waits for somebody who is away, was no try.
      if (error instanceof OutOfReach || this.#run.signal.aborted)
        return this.#settle((query) => release(query, heldBy(this.#run)));
      return this.#settle((query) => this.#putOff(query, new Map(this.#run.tasks.map((task) => [task, error]))));
    }
    const missing = tasks.filter(({ ref }) => !items.has(ref));
    const done = tasks.filter((task) => items.has(task.ref) && !failed.has(task));
    await this.#settle((query) => this.#end(query, { done, missing, failed }));
  }

  /** Whoever hands things on may be deaf to the signal: the batch isn't. */
  async #forward(items: readonly unknown[]): Promise<ReadonlyMap<unknown, Error>> {
    const signal = AbortSignal.any([this.#run.signal, AbortSignal.timeout(this.#queue.timeoutMs)]);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#queue.forward(items, signal), aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #end(
    query: Query,
    { done, missing, failed }: { done: readonly ClaimedTask[]; missing: readonly ClaimedTask[]; failed: Failures },
  ): Promise<void> {
    const { offsetMs } = this.#environment.clock;
    await this.#putOff(query, failed);
    if (missing.length > 0) await bury(query, heldBy(this.#run, missing), rowIsGone, offsetMs);
    if (done.length === 0) return;
    const held = heldBy(this.#run, done);
    if (!(await removeDone(query, held, this.#queue.noteDone, offsetMs))) throw new LeaseLost("others work on it");
    if (this.#queue.keyed && (await freeLanes(query, held))) this.#run.foundMore();
    this.#environment.runs.add({ queue: this.#queue.name, outcome: "done" }, done.length);
  }

  async #putOff(query: Query, failed: Failures): Promise<void> {
    const { name, attempts, backoffMs } = this.#queue;
    const { log, clock, runs } = this.#environment;
    for (const [task, error] of failed) {
      const dead = task.attempt >= attempts;
      log.error({ err: error, queue: name, ref: task.ref, dead, tenantId: task.tenantId }, "a task failed");
      runs.add({ queue: name, outcome: dead ? "dead" : "failed" });
      this.#run.foundMore();
      const held = heldBy(this.#run, [task]);
      const retry = { afterMs: backoffMs(task.attempt), error: messageOf(error), clockOffsetMs: clock.offsetMs };
      if (dead) await bury(query, held, messageOf(error), clock.offsetMs);
      else await putOff(query, held, retry);
    }
  }

  #settle(write: (query: Query) => Promise<void>): Promise<void> {
    const { log, transaction } = this.#environment;
    return persist(this.#run, log, async () => {
      try {
        await transaction(({ query }) => write(query));
      } catch (error) {
        if (!(error instanceof LeaseLost)) throw error;
        log.warn({ err: error, queue: this.#queue.name }, "what arrived may arrive again");
      }
    });
  }
}
