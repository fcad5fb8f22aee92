import { AsyncLocalStorage } from "node:async_hooks";
import type { Kysely, Transaction } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import type { EnqueueOptions, JobDefinition } from "./jobs.ts";
import type { Logger } from "./log.ts";
import type { Tables } from "./tables.ts";
import { hold } from "./tenant.ts";

/** On whose behalf something happens. */
export interface Actor {
  readonly kind: "account" | "system" | "wechat" | "visitor";
  readonly id: string;
  /** As people know it, for records that they read. */
  readonly name: string;
  readonly permissions: ReadonlySet<string>;
}

/** The first argument of every service method: for whom, by whom, in which trace, on which connection, at what time. */
export interface Ctx {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly traceId: string;
  readonly log: Logger;
  /** Queries of this tenant only. Throws while a transaction is open: then the inner ctx is the one to use. */
  readonly db: Kysely<Tables>;
  now(): Date;
  /** Runs `work` in one transaction: its ctx's `db` is the transaction. Inside one, `tx` joins it. */
  tx<Result>(work: (ctx: TxCtx) => Promise<Result>): Promise<Result>;
}

/**
 * A ctx inside a transaction: only here can events be emitted and jobs be queued, so that they commit with the rows.
 */
export interface TxCtx extends Ctx {
  readonly db: Transaction<Tables>;
  /** Publishes `payload` if and only if the transaction commits. Returns the event's id. */
  emit<Payload>(event: EventDefinition<Payload>, payload: Payload): Promise<string>;
  /** Queues a job if and only if the transaction commits. */
  enqueue<Payload>(job: JobDefinition<Payload>, payload: Payload, options?: EnqueueOptions): Promise<void>;
}

/** What a new row always carries. Spread first: `values({ ...owned(ctx), name })`. */
export function owned(ctx: Ctx): { id: string; tenant_id: string; created_at: Date } {
  const now = ctx.now();
  return { id: newId(now), tenant_id: ctx.tenantId, created_at: now };
}

/** What a ctx is made of; `Runtime` provides it. */
export interface CtxParts {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly traceId: string;
  readonly log: Logger;
  readonly db: Kysely<Tables>;
  now(): Date;
  emit(ctx: TxCtx, event: EventDefinition<unknown>, payload: unknown): Promise<string>;
  /** @param trx the transaction itself: the job queue writes its own SQL in it */
  enqueue(
    ctx: TxCtx,
    trx: Transaction<Tables>,
    job: JobDefinition<unknown>,
    payload: unknown,
    options: EnqueueOptions,
  ): Promise<void>;
  /** Called after each commit: wakes whoever may have got work. */
  committed(): void;
}

interface OpenTransaction {
  open: boolean;
}

const current = new AsyncLocalStorage<OpenTransaction>();

/** Makes a ctx that is not in a transaction. */
export function createCtx(parts: CtxParts): Ctx {
  const { tenantId, actor, traceId, log } = parts;
  let held: Kysely<Tables> | undefined;
  return {
    tenantId,
    actor,
    traceId,
    log,
    get db() {
      refuseWhileTransactionIsOpen("ctx.db of the outer ctx");
      held ??= hold(parts.db);
      return held;
    },
    now: () => parts.now(),
    tx: async (work) => {
      refuseWhileTransactionIsOpen("ctx.tx of the outer ctx");
      const result = await parts.db.transaction().execute((trx) => runInside(parts, trx, work));
      parts.committed();
      return result;
    },
  };
}

/**
 * Runs `work` in a transaction that the caller began and will end, with a ctx that is good until `work` is over.
 *
 * @param trx with the tenant's plugin
 */
export async function runInside<Result>(
  parts: CtxParts,
  trx: Transaction<Tables>,
  work: (ctx: TxCtx) => Promise<Result>,
): Promise<Result> {
  const transaction: OpenTransaction = { open: true };
  const { tenantId, actor, traceId, log } = parts;
  const held = hold(trx);
  const ctx: TxCtx = {
    tenantId,
    actor,
    traceId,
    log,
    get db() {
      if (!transaction.open)
        throw new Error("this ctx belongs to a transaction that is over: something was not awaited");
      return held;
    },
    now: () => parts.now(),
    tx: (inner) => inner(ctx),
    emit: (event, payload) => parts.emit(ctx, event, payload),
    enqueue: async (job, payload, options) => {
      if (!transaction.open) throw new Error("a job was queued after its transaction was over");
      await parts.enqueue(ctx, trx, job, payload, options ?? {});
    },
  };
  try {
    return await current.run(transaction, () => work(ctx));
  } finally {
    transaction.open = false;
  }
}

/** The classic slip: one statement of a transaction that runs on another connection. Caught the first time it runs. */
export function refuseWhileTransactionIsOpen(what: string): void {
  if (current.getStore()?.open) {
    throw new Error(`${what} was used while a transaction is open; use the ctx that tx() handed in`);
  }
}
