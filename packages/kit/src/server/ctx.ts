import { AsyncLocalStorage } from "node:async_hooks";
import { type Compilable, type Kysely, type RawBuilder, sql } from "kysely";
import type { EventDefinition } from "../contract/event.ts";
import { forbidden } from "../contract/faults.ts";
import type { Permission } from "../contract/permission.ts";
import { copyFrom, type CopyValue } from "./copy.ts";
import { reaches, type Entitled, type Resource } from "./data-scope.ts";
import type { Database } from "./database.ts";
import type { EnqueueOptions, JobDefinition } from "./jobs.ts";
import type { Logger } from "./log.ts";
import type { Step } from "./pipeline.ts";
import type { Query } from "./query.ts";
import { type ConflictFaults, refusalOf } from "./refusals.ts";
import type { TableName, Tables } from "./tables.ts";
import { Transaction } from "./transaction.ts";
import type { TransactionOptions } from "./transaction-steps.ts";

const kit = Symbol("kit");

/** On whose behalf something happens. */
export interface Actor extends Entitled {
  readonly kind: "account" | "key" | "customer" | "system" | "wechat" | "visitor";
  /** As people know it, for records that they read. */
  readonly name: string;
  /** Who really acts, in this one's name: records name both. */
  readonly impersonator?: { readonly id: string; readonly name: string };
}

export interface SavepointOptions {
  /** What a violated unique key means to the caller: one fault for any key, or one by the key's name. */
  readonly onUnique?: ConflictFaults;
}
export interface TxOptions extends TransactionOptions, SavepointOptions {}

/** The first argument of every service method: for whom, by whom, in which trace, on which connection, at what time. */
export interface Ctx {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly traceId: string;
  /** The network that the call came from: an IPv4 address or an IPv6 /64. Empty for the server's own work. */
  readonly source: string;
  /** What the caller says it is (User-Agent), cut short; empty for the server's own work. */
  readonly agent: string;
  readonly log: Logger;
  /** Aborts when nobody waits for the result any more: the client went away, time is up, the server stops. */
  readonly signal: AbortSignal;
  /** Queries of this tenant only. Throws while a transaction is open: then the inner ctx is the one to use. */
  readonly db: Kysely<Tables>;
  now(): Date;
  /** For what kysely says badly: ``ctx.sql<Row>`SELECT …` ``. Names are snake_case in the text, camelCase in rows. */
  sql<Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>;
  /**
   * Reads through a cursor, so that no result is too large: `for await (const row of ctx.stream(query))`. In a
   * transaction nothing else can be asked meanwhile.
   */
  stream<Row>(query: Compilable<Row> | RawBuilder<Row>, batchSize?: number): AsyncIterableIterator<Row>;
  /**
   * Runs `work` in one transaction: its ctx's `db` is the transaction. Inside one, `tx` is a savepoint: what the inner
   * `work` did is undone if it throws, and the outer one may go on. A deadlock or a serialization failure runs the
   * outermost `work` again; it alone says how it is isolated and how often that may be.
   */
  tx<Result>(work: (ctx: TxCtx) => Promise<Result>, options?: TxOptions): Promise<Result>;
  /**
   * Without a resource: whether the actor has the permission at all, as routes ask it. With one: whether it reaches
   * that far; of a list, the query narrows by `scopeOf`.
   *
   * @throws Fault `kit.forbidden`
   */
  demand(permission: Permission, resource?: Resource): void;
}

/**
 * A ctx inside a transaction: only here can events be emitted and jobs be queued, so that they commit with the rows.
 */
export interface TxCtx extends Ctx {
  /** A savepoint. @throws Error for what the outermost alone may say, and who knows it as a `Ctx` could give */
  tx<Result>(work: (ctx: TxCtx) => Promise<Result>, options?: SavepointOptions): Promise<Result>;
  /** Publishes `payload` if and only if the transaction commits. Returns the event's id. */
  emit<Payload>(event: EventDefinition<Payload>, payload: Payload): Promise<string>;
  /** The same for many at once, in their order, by one statement. */
  emitAll<Payload>(event: EventDefinition<Payload>, payloads: readonly Payload[]): Promise<string[]>;
  /** Queues a job if and only if the transaction commits. Returns its id, or that of the one with its singleton key. */
  enqueue<Payload>(job: JobDefinition<Payload>, payload: Payload, options?: EnqueueOptions): Promise<string>;
  /** Puts a task about the row `ref` into a module's queue, if and only if the transaction commits; once per row. */
  queueTask(queue: string, ref: string, options?: TaskOptions): Promise<void>;
  /** The same for many rows, in their order, by one statement. */
  queueTasks(queue: string, refs: readonly string[], options?: TaskOptions): Promise<void>;
  /** The kit's own; see `kitTransaction`. */
  [kit](): KitTransaction;
  /**
   * Waits for whoever of this tenant has locked the same key of the same space; holds it till the transaction ends.
   * Several are taken in one order everywhere.
   */
  lock(space: string, ...keys: readonly string[]): Promise<void>;
  /**
   * Inserts many rows by COPY. Columns that aren't named get their defaults; a row of another tenant is refused.
   *
   * @returns how many rows were inserted
   */
  copyFrom<Table extends TableName>(
    table: Table,
    columns: readonly (keyof Tables[Table] & string)[],
    rows: Iterable<readonly CopyValue[]> | AsyncIterable<readonly CopyValue[]>,
  ): Promise<number>;
}

export interface TaskOptions {
  /** For queues that have keys: tasks with the same key run one after the other. */
  readonly key?: string;
  /** Not before this instant. */
  readonly startAfter?: Date;
  /** One that is there already and waits for its next try is tried at once; with a key, if it is the key's first. */
  readonly atOnce?: boolean;
}

/** What the kit itself does in a ctx's transaction. */
export interface KitTransaction {
  /** The kit's own SQL, as the ctx's tenant. Rows come in snake_case. */
  readonly query: Query;
  /** Whether steps are prepared, or planned each time. */
  readonly prepares: boolean;
  /** The same for one that is worth preparing. */
  readonly step: <Row extends object>(step: Step) => Promise<Row[]>;
  /** Queues that this transaction put something into: they are woken when it has committed. */
  readonly queued: Set<string>;
}

/** The kit's side of a ctx's transaction. @throws Error for a ctx whose transaction is over */
export function kitTransaction(ctx: TxCtx): KitTransaction {
  return ctx[kit]();
}

/** What a ctx is made of; `Runtime` provides it. */
export interface CtxParts {
  readonly tenantId: string;
  readonly actor: Actor;
  readonly traceId: string;
  readonly source: string;
  readonly agent: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly database: Database;
  /** See `TenantScope.audit`. */
  readonly audit: string;
  now(): Date;
  emit(ctx: TxCtx, event: EventDefinition<unknown>, payloads: readonly unknown[]): Promise<string[]>;
  enqueue(ctx: TxCtx, job: JobDefinition<unknown>, payload: unknown, options: EnqueueOptions): Promise<string>;
  queueTasks(ctx: TxCtx, queue: string, refs: readonly string[], options: TaskOptions): Promise<void>;
  /** Called after a commit, with the queues that it put something into. */
  committed(queued: ReadonlySet<string>): void;
}

/** A transaction or a savepoint in it, as the call stack knows it. */
interface Frame {
  state: "open" | "nested" | "streaming" | "over";
  /** The cursor that is open: until it is closed the connection answers nothing else. */
  cursor?: AsyncIterableIterator<unknown>;
}

const current = new AsyncLocalStorage<Frame>();

/** Makes a ctx that is not in a transaction. */
export function createCtx(parts: CtxParts): Ctx {
  return new FreeCtx(parts);
}

/** Runs `work` in a transaction that has entered the tenant, with a ctx that is good until `work` is over. */
export async function runInside<Result>(
  parts: CtxParts,
  trx: Transaction,
  work: (ctx: TxCtx) => Promise<Result>,
): Promise<Result> {
  const frame: Frame = { state: "open" };
  const ctx = new InnerCtx(parts, trx, frame);
  try {
    return await current.run(frame, () => work(ctx));
  } finally {
    frame.state = "over";
    // One that was begun and forgotten would keep the transaction from ending.
    await frame.cursor?.return?.();
  }
}

const partsOf = Symbol("parts");

/**
 * What a ctx has in a transaction and outside. A class, because each request and each transaction makes one: as an
 * object with accessors of its own it costs as much as the way to the database. No private fields: `Object.create` may
 * stand before it.
 */
abstract class AnyCtx {
  readonly [partsOf]: CtxParts;
  readonly tenantId: string;
  readonly actor: Actor;
  readonly traceId: string;
  readonly source: string;
  readonly agent: string;
  readonly signal: AbortSignal;

  constructor(parts: CtxParts) {
    this[partsOf] = parts;
    this.tenantId = parts.tenantId;
    this.actor = parts.actor;
    this.traceId = parts.traceId;
    this.source = parts.source;
    this.agent = parts.agent;
    this.signal = parts.signal;
  }

  abstract get db(): Kysely<Tables>;

  get log(): Logger {
    return this[partsOf].log;
  }

  now(): Date {
    return this[partsOf].now();
  }

  async sql<Row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]> {
    return (await sql<Row>(text, ...values).execute(this.db)).rows;
  }

  stream<Row>(query: Compilable<Row> | RawBuilder<Row>, batchSize = 500): AsyncIterableIterator<Row> {
    return rowsOf(this.db, query, batchSize);
  }

  demand(permission: Permission, resource?: Resource): void {
    if (!reaches(this.actor, permission, resource)) throw forbidden({ permission: permission.code });
  }
}

const scopedOf = Symbol("scoped");
const assertFree = (): void => refuseWhileTransactionIsOpen("ctx.db of the outer ctx");

class FreeCtx extends AnyCtx implements Ctx {
  [scopedOf]: Kysely<Tables> | undefined = undefined;

  get db(): Kysely<Tables> {
    assertFree();
    // And again at each query: it may have been made before.
    this[scopedOf] ??= this[partsOf].database.scoped(this[partsOf], assertFree);
    return this[scopedOf];
  }

  async tx<Result>(work: (ctx: TxCtx) => Promise<Result>, { onUnique, ...options }: TxOptions = {}): Promise<Result> {
    refuseWhileTransactionIsOpen("ctx.tx of the outer ctx");
    const parts = this[partsOf];
    let queued: ReadonlySet<string> = noQueues;
    const run = (): Promise<Result> =>
      parts.database.tenantTransaction(parts, options, (trx) => {
        ({ queued } = trx);
        return runInside(parts, trx, work);
      });
    const result = await (onUnique === undefined ? run() : refused(onUnique, run));
    if (queued.size > 0) parts.committed(queued);
    return result;
  }
}

const noQueues: ReadonlySet<string> = new Set();
const trxOf = Symbol("transaction");
const frameOf = Symbol("frame");

class InnerCtx extends AnyCtx implements TxCtx {
  readonly [trxOf]: Transaction;
  readonly [frameOf]: Frame;

  constructor(parts: CtxParts, trx: Transaction, frame: Frame) {
    super(parts);
    this[trxOf] = trx;
    this[frameOf] = frame;
  }

  get db(): Kysely<Tables> {
    assertUsable(this[frameOf]);
    return this[trxOf].db;
  }

  override stream<Row>(query: Compilable<Row> | RawBuilder<Row>, batchSize = 500): AsyncIterableIterator<Row> {
    return streamed(this[frameOf], super.stream(query, batchSize));
  }

  async tx<Result>(work: (ctx: TxCtx) => Promise<Result>, options: TxOptions = {}): Promise<Result> {
    const [parts, trx, frame] = [this[partsOf], this[trxOf], this[frameOf]];
    assertUsable(frame);
    const { onUnique, isolation, retries, statementTimeoutMs } = options;
    if ([isolation, retries, statementTimeoutMs].some((each) => each !== undefined))
      throw new Error("isolation, retries and a limit are the outermost transaction's: this one is inside another");
    frame.state = "nested";
    try {
      return await refused(onUnique, () => trx.savepoint(() => runInside(parts, trx, work)));
    } finally {
      frame.state = "open";
    }
  }

  async emit<Payload>(event: EventDefinition<Payload>, payload: Payload): Promise<string> {
    const [id = ""] = await this.emitAll(event, [payload]);
    return id;
  }

  emitAll<Payload>(event: EventDefinition<Payload>, payloads: readonly Payload[]): Promise<string[]> {
    return this[partsOf].emit(this, event, payloads);
  }

  enqueue<Payload>(job: JobDefinition<Payload>, payload: Payload, options: EnqueueOptions = {}): Promise<string> {
    return this[partsOf].enqueue(this, job, payload, options);
  }

  queueTask(queue: string, ref: string, options: TaskOptions = {}): Promise<void> {
    return this.queueTasks(queue, [ref], options);
  }

  queueTasks(queue: string, refs: readonly string[], options: TaskOptions = {}): Promise<void> {
    return this[partsOf].queueTasks(this, queue, refs, options);
  }

  [kit](): KitTransaction {
    assertUsable(this[frameOf]);
    const trx = this[trxOf];
    return {
      query: (text, values) => trx.queryInside(text, values),
      prepares: trx.prepares,
      step: (step) => trx.stepInside(step),
      queued: trx.queued,
    };
  }

  async lock(space: string, ...keys: readonly string[]): Promise<void> {
    const names = keys.map((key) => `${this.tenantId} ${space} ${key}`).toSorted();
    await sql`SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))) FROM unnest(${names}::text[]) AS name`.execute(
      this.db,
    );
  }

  async copyFrom<Table extends TableName>(
    table: Table,
    columns: readonly (keyof Tables[Table] & string)[],
    rows: Iterable<readonly CopyValue[]> | AsyncIterable<readonly CopyValue[]>,
  ): Promise<number> {
    assertUsable(this[frameOf]);
    this[trxOf].writes([table]);
    return copyFrom(this[trxOf], table, columns, rows);
  }
}

/** While rows are read the transaction can do nothing else: whoever tries is told, not left waiting for ever. */
async function* streamed<Row>(frame: Frame, rows: AsyncIterableIterator<Row>): AsyncIterableIterator<Row> {
  assertUsable(frame);
  frame.state = "streaming";
  frame.cursor = rows;
  try {
    yield* rows;
  } finally {
    delete frame.cursor;
    if (frame.state === "streaming") frame.state = "open";
  }
}

/** The classic slip: one statement of a transaction that runs on another connection. Caught the first time it runs. */
export function refuseWhileTransactionIsOpen(what: string): void {
  const state = current.getStore()?.state;
  if (state !== undefined && state !== "over") {
    throw new Error(`${what} was used while a transaction is open; use the ctx that tx() handed in`);
  }
}

function assertUsable({ state }: Frame): void {
  if (state === "over") throw new Error("this ctx belongs to a transaction that is over: something was not awaited");
  if (state === "streaming")
    throw new Error("a stream of this transaction is open: read it to its end, or leave it, first");
  if (state === "nested") throw new Error("a nested transaction is open: use its ctx, and await it before going on");
}

async function* rowsOf<Row>(
  db: Kysely<Tables>,
  query: Compilable<Row> | RawBuilder<Row>,
  batchSize: number,
): AsyncIterableIterator<Row> {
  const compiled = "isRawBuilder" in query ? query.compile(db) : query.compile();
  for await (const { rows } of db.getExecutor().stream<Row>(compiled, batchSize)) yield* rows;
}

async function refused<Result>(faults: ConflictFaults | undefined, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw refusalOf(error, faults) ?? error;
  }
}
