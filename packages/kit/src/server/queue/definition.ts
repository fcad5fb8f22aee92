import type { Ctx, TxCtx } from "../ctx.ts";
import type { Query } from "../query.ts";

/** One thing to do: `ref` is the row that it is about. */
export interface Task {
  readonly tenantId: string;
  readonly ref: string;
  readonly key: string | null;
  readonly traceId: string;
  /** 1 at the first try. Counted when the task is claimed, so that what kills its process dies in the end too. */
  readonly attempt: number;
}

interface QueueSettings {
  /** A stable name, `<module>.<what>`. */
  readonly name: string;
  /** Former names: what lies under them is worked off under this one. */
  readonly aliases?: readonly string[];
  /** Tasks with the same key run one after the other, in the order they came. */
  readonly keyed?: boolean;
  /**
   * How many transactions (`inside`), tasks (`outside`) or batches (`forward`) one process has under way. Tenants whose
   * tasks are slow may have half as many transactions on top, all together.
   */
  readonly concurrency?: number;
  /** How many of them one tenant may have, so that others find room; half of `concurrency` unless set. */
  readonly concurrencyPerTenant?: number;
  /**
   * Tasks of a tenant that reads only wait until it may write again: what reaches people, costs money, or does what
   * somebody asked for to be changed. Without it they go on: what was received is worked off.
   */
  readonly waitsWhileReadOnly?: boolean;
  /** How many tasks one claim takes, and one transaction runs or one call hands on; not for `outside`. */
  readonly batch?: number;
  /** How long a claim holds if its process dies. While the process lives it is renewed. */
  readonly leaseMs?: number;
  /** After this long the signal is aborted and the try counts as failed. */
  readonly timeoutMs?: number;
  /** Tries before a task becomes a dead letter. */
  readonly attempts?: number;
  /** The pause after the given attempt (1, 2 …). */
  readonly backoffMs?: (attempt: number) => number;
}

/**
 * Work that happens in the database only: a batch of tasks runs in one transaction, which also deletes them. Each
 * effect happens exactly once.
 */
export interface InsideQueue<Item = unknown> extends QueueSettings {
  readonly effect: "inside";
  /** Who acts: the actor's id in the ctx. The queue's name unless it says otherwise. */
  readonly actorId?: string;
  /** Reads what the tasks are about, by `ref`; a task whose row is missing becomes a dead letter. */
  load?(query: Query, tasks: readonly Task[]): Promise<ReadonlyMap<string, Item>>;
  run(ctx: TxCtx, task: Task, item: Item): Promise<void>;
  /** How tasks of one tenant that follow each other are run at once, where they can be. */
  readonly together?: Together<Item>;
  /** SQL that goes with the deletion of what is done: `INSERT … SELECT … FROM gone`; $4 is the clock's offset. */
  readonly noteDone?: string;
}

/**
 * A batch for a batch's few statements. If it fails, each task is run alone, by `run`: so both must do the same, and
 * one bad task costs the others nothing.
 */
export interface Together<Item> {
  /** Those of one kind share; undefined for one that runs alone. */
  kindOf(item: Item): string | undefined;
  /** In their order, in a ctx of the first one's trace. */
  run(ctx: TxCtx, tasks: readonly (Task & { readonly item: Item })[]): Promise<void>;
}

/**
 * Nothing: it is done. Else it is tried again, or starts again as if it were new; at a time of its own only without a
 * key, since a key waits with its first task.
 */
export type Verdict =
  | void
  | { readonly retryAfterMs: number }
  | { readonly restartAfterMs: number }
  | { readonly restartAt: Date };

/**
 * Work that reaches outside: claimed and committed, run without a transaction, settled in one. A process that dies in
 * between leaves it in flight; `lost` then ends it, or, without `lost`, it is run again.
 */
export interface OutsideQueue<Item = unknown, Result = unknown> extends QueueSettings {
  readonly effect: "outside";
  /** Committed before `run`. Undefined: there is nothing to do any more. */
  begin(ctx: TxCtx, task: Task): Promise<{ readonly item: Item; readonly actorId?: string } | undefined>;
  run(ctx: Ctx, task: Task, item: Item): Promise<Result>;
  /** In the transaction that deletes the task, or puts it off. */
  settle(ctx: TxCtx, task: Task, item: Item, result: Result): Promise<Verdict>;
  /** `run` threw, or its time ran out. It is tried again with pauses unless it is `dead`, or this says otherwise. */
  failed?(ctx: TxCtx, task: Task, error: unknown, dead: boolean): Promise<Verdict>;
  /** Its process died while it ran, and nobody can tell what came of it. In the transaction that deletes the task. */
  lost?(ctx: TxCtx, task: Task): Promise<void>;
  /** An answer that came after the lease was lost. */
  late?(ctx: TxCtx, task: Task, item: Item, result: Result): Promise<void>;
}

/** Thrown by `forward`: whoever takes things can't be reached. All is given back, and none of it counts as a try. */
export class OutOfReach extends Error {
  override readonly name = "OutOfReach";
}

/**
 * Work that hands things on to somebody outside who takes many at once: claimed in batches and in the order of their
 * keys, run without a transaction, deleted when it is known that they arrived. A process that dies in between leaves
 * them to the next one, so each arrives at least once.
 */
export interface ForwardQueue<Item = unknown> extends QueueSettings {
  readonly effect: "forward";
  /** Reads what the tasks are about, by `ref`; a task whose row is missing becomes a dead letter. */
  load(query: Query, tasks: readonly Task[]): Promise<ReadonlyMap<string, Item>>;
  /**
   * Ends when all have arrived, or says which didn't, and why: those are tried again with pauses.
   *
   * @throws OutOfReach when nothing arrives any more
   */
  forward(items: readonly Item[], signal: AbortSignal): Promise<ReadonlyMap<Item, Error>>;
  /** See InsideQueue. */
  readonly noteDone?: string;
}

export type QueueDefinition = InsideQueue | OutsideQueue | ForwardQueue;

/** A definition with everything said. */
export type Queue = QueueDefinition & Required<QueueSettings>;

/** Before a queue's name among those to be woken: no task came, one was taken away. */
export const withdrawal = "!";

/** The tenant of what is the platform's own: the Max UUID (RFC 9562 §5.10), for turns begin after the nil one. */
export const platformTenantId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

const longestPauseMs = 3_600_000;

/** 2, 4, 8 … seconds, an hour at most. */
export function exponentialBackoffMs(firstMs = 2000): (attempt: number) => number {
  return (attempt) => Math.min(longestPauseMs, firstMs * 2 ** (attempt - 1));
}

/** @throws RangeError for settings that can't work */
export function completeQueue(definition: QueueDefinition): Queue {
  const concurrency = definition.concurrency ?? 8;
  const queue = {
    aliases: [],
    keyed: false,
    waitsWhileReadOnly: false,
    batch: 100,
    leaseMs: 60_000,
    timeoutMs: definition.effect === "inside" ? 30_000 : 300_000,
    attempts: 10,
    backoffMs: exponentialBackoffMs(),
    ...definition,
    concurrency,
    concurrencyPerTenant: definition.concurrencyPerTenant ?? Math.ceil(concurrency / 2),
  };
  const numbers = [
    concurrency,
    queue.concurrencyPerTenant,
    queue.batch,
    queue.leaseMs,
    queue.timeoutMs,
    queue.attempts,
  ];
  if (numbers.some((value) => !Number.isSafeInteger(value) || value < 1)) {
    throw new RangeError(`the queue ${queue.name}: its numbers must be whole and positive`);
  }
  return queue;
}
