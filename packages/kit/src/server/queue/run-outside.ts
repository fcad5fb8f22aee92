import type { OutsideQueue, Queue, Verdict } from "./definition.ts";
import type { Query } from "../query.ts";
import {
  type ClaimedTask,
  heldBy,
  messageOf,
  persist,
  type Run,
  type RunEnvironment,
  Stopped,
  TimedOut,
} from "./environment.ts";
import type { TenantWork } from "../owner-transaction.ts";
import { bury, freeLanes, lockHeld, markBegun, putOff, release, removeDone } from "./settlements.ts";
import type { TxCtx } from "../ctx.ts";
import { tracedRoot } from "../tracing/spans.ts";
import { taskSpan } from "./task-span.ts";

type Outside = Queue & OutsideQueue;

/** Runs one task: begun in a transaction, run without one, settled in another, all under the lease. */
export async function runOutside(run: Run, task: ClaimedTask, environment: RunEnvironment): Promise<void> {
  const one = new OneTask(run, task, environment);
  if (task.lost && one.queue.lost !== undefined) return one.settleLost();
  if (task.attempt > one.queue.attempts) {
    return one.settleFailed(new Error("each try ended with the death of its process"));
  }
  let begun: Begun | undefined;
  try {
    begun = await one.begin();
  } catch (error) {
    return one.settleFailed(error);
  }
  if (begun === undefined) return;
  const result = await one.runLimited(begun);
  if (result.kind === "done") return one.settle(begun, result.value);
  if (result.error instanceof Stopped) return one.leave();
  if (one.queue.lost !== undefined) return one.settleLost();
  return one.settleFailed(result.error);
}

interface Begun {
  readonly item: unknown;
  readonly actorId?: string;
}
type Result = { readonly kind: "done"; readonly value: unknown } | { readonly kind: "failed"; readonly error: unknown };

/** What the owner does in the same transaction. */
type After = (query: Query) => Promise<void>;

class OneTask {
  readonly queue: Outside;
  readonly #run: Run;
  readonly #task: ClaimedTask;
  readonly #environment: RunEnvironment;
  #actorId: string;

  constructor(run: Run, task: ClaimedTask, environment: RunEnvironment) {
    this.queue = run.queue as Outside;
    this.#run = run;
    this.#task = task;
    this.#environment = environment;
    this.#actorId = run.queue.name;
  }

  /** Undefined when there is nothing to do: the lease is lost, or the work needs no doing any more. */
  async begin(): Promise<Begun | undefined> {
    let begun: Begun | undefined;
    await this.#underLease(markBegun, async (ctx) => {
      begun = await this.queue.begin(ctx, this.#task);
      return begun === undefined ? this.#remove : undefined;
    });
    this.#actorId = begun?.actorId ?? this.#actorId;
    return begun;
  }

  /** Runs the work until it ends, its time is over, or the process must end. Never throws. */
  async runLimited({ item }: Begun): Promise<Result> {
    const { timeoutMs } = this.queue;
    const over = new AbortController();
    const ended = Promise.withResolvers<Result>();
    const end = (error: unknown): void => {
      over.abort(error);
      ended.resolve({ kind: "failed", error });
    };
    const stop = (): void => end(this.#run.signal.reason);
    const timer = setTimeout(() => end(new TimedOut(`it ran longer than ${timeoutMs} ms`)), timeoutMs);
    this.#run.signal.addEventListener("abort", stop);
    if (this.#run.signal.aborted) stop();
    const ctx = this.#environment.openCtx({ ...this.#as(), signal: over.signal });
    const worked = Promise.resolve()
      .then(() => {
        const span = taskSpan(this.queue.name, this.#task);
        const work = async (): Promise<unknown> => this.queue.run(ctx, this.#task, item);
        return tracedRoot(this.#environment.tracer, [this.#task.traceId], span, work);
      })
      .then(
        (value): Result => ({ kind: "done", value }),
        (error: unknown): Result => ({ kind: "failed", error }),
      );
    const result = await Promise.race([worked, ended.promise]);
    clearTimeout(timer);
    this.#run.signal.removeEventListener("abort", stop);
    // It may answer yet, and what it says may be better than "unknown".
    if (over.signal.aborted) void worked.then((late) => this.#settleLate(item, late));
    return result;
  }

  /**
   * Writes down what the work came to. While the database is away the answer is kept and tried again; an answer that
   * can't be written down although the database is there counts as none.
   */
  async settle({ item }: Begun, result: unknown): Promise<void> {
    let refused: unknown;
    let refusals = 0;
    await this.#write(async () => {
      try {
        const held = await this.#underLease(lockHeld, async (ctx) => {
          const verdict: Verdict = await this.queue.settle(ctx, this.#task, item, result);
          return this.#follow(verdict);
        });
        if (!held) await this.#settleLate(item, { kind: "done", value: result });
      } catch (error) {
        await this.#environment.transaction(({ query }) => query("SELECT 1"));
        if (++refusals < 3) throw error;
        refused = error;
      }
    });
    if (refused === undefined) return this.#count("done");
    if (this.queue.lost === undefined) return this.settleFailed(refused);
    this.#environment.log.error({ err: refused, ...this.#about() }, "what came of a task could not be written down");
    return this.settleLost();
  }

  async settleFailed(error: unknown): Promise<void> {
    const { attempts, backoffMs } = this.queue;
    const dead = this.#task.attempt >= attempts;
    this.#environment.log.error({ err: error, dead, ...this.#about() }, "a task failed");
    this.#run.foundMore();
    this.#count(dead ? "dead" : "failed");
    await this.#write(async () => {
      await this.#underLease(lockHeld, async (ctx) => {
        const verdict = await this.queue.failed?.(ctx, this.#task, error, dead);
        if (verdict !== undefined) return this.#follow(verdict);
        if (!dead) return this.#putOff(backoffMs(this.#task.attempt), messageOf(error));
        return async (query) => void (await bury(query, heldBy(this.#run), messageOf(error), this.#offsetMs()));
      });
    });
  }

  async settleLost(): Promise<void> {
    this.#environment.log.warn(this.#about(), "nobody can tell what came of a task");
    await this.#write(async () => {
      await this.#underLease(lockHeld, async (ctx) => {
        await this.queue.lost?.(ctx, this.#task);
        return this.#remove;
      });
    });
  }

  /**
   * The process ends while it runs. What may be repeated is given back; the rest keeps its lease, and whoever finds
   * that over ends it.
   */
  async leave(): Promise<void> {
    this.#environment.log.warn(this.#about(), "a task was cut off by the end of the process");
    if (this.queue.lost !== undefined) return;
    await this.#environment
      .transaction(({ query }) => release(query, heldBy(this.#run)))
      .catch((error: unknown) => this.#environment.log.warn({ err: error }, "a task was not given back"));
  }

  async #settleLate(item: unknown, late: Result): Promise<void> {
    if (late.kind !== "done" || this.queue.late === undefined) return;
    await this.#environment
      .transaction((trx) =>
        trx.runAsTenant(this.#as(), async (ctx) => this.queue.late?.(ctx, this.#task, item, late.value)),
      )
      .catch((error: unknown) =>
        this.#environment.log.warn({ err: error, ...this.#about() }, "a late answer was lost"),
      );
  }

  /**
   * A transaction that holds the task by `take`: `work` as the tenant, then what it returns as the owner. False, and
   * nothing done, when the lease is lost.
   */
  #underLease(take: typeof lockHeld, work: (ctx: TxCtx) => Promise<After | undefined>): Promise<boolean> {
    return this.#environment.transaction(async (trx) => {
      if (!(await take(trx.query, heldBy(this.#run)))) return false;
      const after = await trx.runAsTenant(this.#as(), work);
      await after?.(trx.query);
      return true;
    });
  }

  readonly #remove: After = async (query) => {
    await removeDone(query, heldBy(this.#run));
    if (await freeLanes(query, heldBy(this.#run))) this.#run.foundMore();
  };

  #follow(verdict: Verdict): After {
    if (verdict === undefined) return this.#remove;
    if ("retryAfterMs" in verdict) return this.#putOff(verdict.retryAfterMs, null);
    if ("restartAt" in verdict) return this.#putOff(1, null, true, verdict.restartAt);
    return this.#putOff(verdict.restartAfterMs, null, true);
  }

  #putOff(afterMs: number, error: string | null, restart = false, at?: Date): After {
    // Nobody announces what is due at once.
    if (afterMs === 0) this.#run.foundMore();
    return (query) =>
      putOff(query, heldBy(this.#run), { afterMs, error, clockOffsetMs: this.#offsetMs(), restart, at });
  }

  #offsetMs(): number {
    return this.#environment.clock.offsetMs;
  }

  #count(outcome: "done" | "failed" | "dead"): void {
    this.#environment.runs.add({ queue: this.queue.name, outcome });
  }

  #write(write: () => Promise<void>): Promise<void> {
    return persist(this.#run, this.#environment.log, write);
  }

  #as(): TenantWork {
    const { tenantId, traceId } = this.#task;
    return { tenantId, traceId, actor: this.#environment.systemActor(this.#actorId) };
  }

  #about() {
    const { ref, attempt, tenantId, traceId } = this.#task;
    return { queue: this.queue.name, ref, attempt, tenantId, traceId };
  }
}
