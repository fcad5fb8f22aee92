import type { Clock } from "../clock.ts";
import type { Actor, Ctx } from "../ctx.ts";
import type { Logger } from "../log.ts";
import type { Queue, Task } from "./definition.ts";
import type { OpenOwnerTransaction, TenantWork } from "../owner-transaction.ts";
import type { Query } from "../query.ts";
import type { SpanSink } from "../tracing/spans.ts";
import type { Held } from "./settlements.ts";
import { pause } from "./connection.ts";

/** What running tasks needs of the runtime. */
export interface RunEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly transaction: OpenOwnerTransaction;
  /** As the owner, each statement by itself. */
  readonly query: Query;
  /** A ctx outside of any transaction. */
  openCtx(as: TenantWork): Ctx;
  systemActor(id: string): Actor;
  /** Takes spans, where somebody collects them. */
  readonly tracer: SpanSink | undefined;
  /** Tenants that read only: what waits for that meanwhile isn't claimed. */
  readOnlyIds(): readonly string[];
  /** Counts what became of tasks. */
  readonly runs: { add(labels: { queue: string; outcome: "done" | "failed" | "dead" }, by?: number): void };
}

/** A task as claimed. */
export interface ClaimedTask extends Task {
  readonly seq: number;
  /** It was begun before, and whoever did never said what came of it. */
  readonly lost: boolean;
}

/** Tasks that one run works on, of one claim. */
export interface Run {
  readonly queue: Queue;
  readonly lease: string;
  readonly tasks: readonly ClaimedTask[];
  /** Aborted when the lease is lost or the process must end. */
  readonly signal: AbortSignal;
  /** Something of this queue became free by the run: others may take it now. */
  foundMore(): void;
  /** A task of this tenant took so long. */
  took(tenantId: string, ms: number): void;
  /** True when what isn't begun yet should be given back: the process stops, or the batch takes long. */
  shouldYield(): boolean;
}

export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}
/** The reason of a signal when the process must end. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

export function heldBy(run: Run, tasks: readonly Task[] = run.tasks): Held {
  return { queue: run.queue.name, lease: run.lease, tasks };
}

export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1000);
}

/**
 * Writes down what came of a run. While the database is away it is tried again, as long as the lease can last: then
 * others take over, and it would change nothing any more.
 */
export async function persist(run: Run, log: Logger, write: () => Promise<void>): Promise<void> {
  const from = performance.now();
  for (let pauseMs = 100; ; pauseMs = Math.min(5000, pauseMs * 2)) {
    try {
      return await write();
    } catch (error) {
      const over = performance.now() - from + pauseMs > run.queue.leaseMs || run.signal.reason instanceof LeaseLost;
      log.warn({ err: error, queue: run.queue.name, again: !over }, "what came of a task could not be written down");
      if (over || run.signal.aborted) return;
      await pause(pauseMs, run.signal);
    }
  }
}
