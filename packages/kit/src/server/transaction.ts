import type { Kysely, KyselyPlugin } from "kysely";
import type pg from "pg";
import { tablesWritten } from "./changes.ts";
import { scopedKysely } from "./kysely.ts";
import { runPipeline, type Statement, type Step } from "./pipeline.ts";
import { forgetStalePlans } from "./prepared.ts";
import { checking, entering, switching, type TenantScope } from "./scope.ts";
import { deadlockDetected, isConnectionLost, serializationFailure, sqlStateOf } from "./sql-state.ts";
import type { Tables } from "./tables.ts";
import {
  type TransactionOptions,
  beginning,
  commit,
  limiting,
  releaseSavepoint,
  savepoint,
  undoSavepoint,
} from "./transaction-steps.ts";

/** Where transactions get their connections, and what they put around queries. */
export interface TransactionSource {
  readonly pool: pg.Pool;
  readonly plugins: readonly KyselyPlugin[];
  /** See `TenantScope.prepares`. */
  readonly prepares: boolean;
  /** The tables whose changes go into the audit log, by whoever they are made for. */
  readonly audited: ReadonlySet<string>;
  /** Told which tables of a tenant a committed transaction wrote to. */
  readonly changed: Changed;
}
export type Changed = (tenantId: string, tables: Iterable<string>) => void;

interface RunOptions extends TransactionOptions {
  readonly scope?: TenantScope;
  /** Aborted: the work is given up at once, its connection thrown away and its backend ended. */
  readonly signal?: AbortSignal;
}

/**
 * One transaction on one connection: the owner's, stepping into tenants and back, or one tenant's from its BEGIN. What
 * says so to PostgreSQL costs no round trip: it goes along with the next statement.
 */
export class Transaction {
  /** Queues that got something in it: they are woken when it has committed. */
  readonly queued = new Set<string>();
  /** The tables that it wrote to as a tenant. */
  readonly #written = new Map<string, Set<string>>();
  readonly #source: TransactionSource;
  readonly #begin: Step;
  /** None before the start, and while another one is looked for. */
  #client: pg.PoolClient | undefined;
  #scope: TenantScope | undefined;
  /** What PostgreSQL was last told of whom it works for. */
  #audit: string | undefined;
  /** The same tenant, for somebody else: said when a statement comes that the audit log wants to know it of. */
  #unsaid: TenantScope | undefined;
  /** What PostgreSQL is told before the next statement. */
  #before: Step[];
  #hasBegun = false;
  /** Statements ran in the scope that aren't the kit's own: a function of theirs may have left it. */
  #hasForeign = false;
  /** Resolves when the statement is over that took `#before` along: others wait, for without it they are nobody's. */
  #opening: Promise<void> | undefined;
  /** Why PostgreSQL was not told. */
  #failure: { readonly cause: unknown } | undefined;
  #db: { readonly of: Kysely<Tables>; readonly scope: TenantScope | undefined } | undefined;
  #isOver = false;

  /** Not connected yet. @throws Error for a tenant's id that isn't one */
  constructor(source: TransactionSource, { isolation, scope, statementTimeoutMs: ms }: RunOptions) {
    this.#source = source;
    this.#scope = scope;
    this.#audit = scope?.audit;
    this.#begin = beginning(isolation);
    this.#before = [this.#begin, ...limiting(ms), ...(scope === undefined ? [] : [entering(scope)])];
  }

  /** See `TenantScope.prepares`. */
  get prepares(): boolean {
    return this.#source.prepares;
  }

  async connect(): Promise<void> {
    this.#client = await this.#source.pool.connect();
  }

  /** Tells PostgreSQL what goes before the next statement, for those that are sent past this class. */
  async opened(): Promise<void> {
    this.#hasForeign = true;
    if (this.#unsaid !== undefined) this.#enter(this.#unsaid);
    if (this.#before.length > 0 || this.#opening !== undefined) await this.#run({ text: "SELECT", values: [] });
  }

  /** @throws Error when the transaction is over: then the connection is somebody else's, or the owner's */
  get client(): pg.PoolClient {
    if (this.#isOver || this.#client === undefined) {
      throw new Error("this transaction is over: something was not awaited");
    }
    return this.#client;
  }

  /**
   * Queries in the scope that the transaction is in now. Whoever keeps it, or a query made with it, for later finds it
   * refused: after the transaction its connection shows every tenant's rows, in another scope those of another tenant.
   */
  get db(): Kysely<Tables> {
    const scope = this.#scope;
    if (this.#db === undefined || this.#db.scope !== scope) {
      const assertOpen = (): void => {
        if (this.#isOver) throw new Error("this ctx belongs to a transaction that is over: something was not awaited");
        const isIn = scope === undefined ? this.#scope === undefined : this.#isIn(scope);
        if (!isIn) throw new Error("this ctx belongs to a tenant that the transaction has left");
      };
      const of = scopedKysely(this.#source.plugins, {
        acquire: async () => ({
          opened: async () => {
            await this.opened();
            return () => {
              assertOpen();
              return this.client;
            };
          },
          query: (statement) => {
            this.#hasForeign = true;
            return this.#run(statement, assertOpen);
          },
        }),
        release: () => {},
        single: true,
      });
      this.#db = { of, scope };
    }
    return this.#db.of;
  }

  /** From here on nothing that was kept of it reaches the connection. */
  end(): void {
    this.#isOver = true;
  }

  static async run<Result>(
    source: TransactionSource,
    options: RunOptions,
    work: (trx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const { retries = 3 } = options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(source, options, work);
      } catch (error) {
        if (attempt >= retries || !isWorthRetrying(error)) throw error;
        // Two that met once would meet again if both came back at the same time.
        await new Promise((resolve) => setTimeout(resolve, jitterMs(attempt)));
      }
    }
  }

  /** As the owner. Rows come as PostgreSQL names them, in snake_case. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    this.#enter(undefined);
    return this.queryInside(text, values);
  }

  /** The kit's own statements in whatever scope the transaction has entered. Rows come in snake_case. */
  async queryInside<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.#run({ text, values });
    return rows as Row[];
  }

  /** The same for one that is worth preparing. */
  async stepInside<Row extends object>(step: Step): Promise<Row[]> {
    const { rows } = await this.#run(step);
    return rows as Row[];
  }

  /**
   * Goes on as a tenant, until the next step. The next statement, or the commit, fails if what ran as the tenant before
   * has left its scope by itself.
   */
  enter(scope: TenantScope): void {
    if (!this.#isIn(scope)) this.#enter(scope);
    else this.#unsaid = this.#audit === scope.audit ? undefined : scope;
  }

  /** The defaults' present may lag behind by what a batch takes; whoever needs it finer passes `ctx.now()`. */
  #isIn({ tenantId, role }: TenantScope): boolean {
    return this.#scope?.tenantId === tenantId && this.#scope.role === role;
  }

  #enter(to: TenantScope | undefined): void {
    if (this.#scope === to) return;
    this.#before.push(this.#doubted === undefined ? entering(to) : switching(this.#doubted, to));
    this.#scope = to;
    this.#audit = to?.audit;
    this.#unsaid = undefined;
    this.#hasForeign = false;
  }

  /** The scope that it is in, if what ran there may have left it. */
  get #doubted(): TenantScope | undefined {
    return this.#hasForeign ? this.#scope : undefined;
  }

  /** What `work` did in the database is undone if it throws; the rest of the transaction goes on. */
  async savepoint<Result>(work: () => Promise<Result>): Promise<Result> {
    const [scope, audit, unsaid] = [this.#scope, this.#audit, this.#unsaid];
    const begin = { ...savepoint }; // Sent with the first statement; a copy, to be told from others.
    const unsent = (): number => this.#before.indexOf(begin);
    this.#before.push(begin);
    try {
      const result = await work();
      if (unsent() >= 0) this.#before.splice(unsent(), 1);
      else await this.#run(releaseSavepoint);
      return result;
    } catch (error) {
      // This brings back its role and tenant, too. Where it can't be done, the first error says why all is lost.
      const wasSent = unsent() === -1;
      this.#before = wasSent ? [undoSavepoint] : this.#before.slice(0, unsent());
      [this.#scope, this.#audit, this.#unsaid] = [scope, audit, unsaid];
      this.#hasForeign ||= wasSent;
      if (wasSent) await this.#run(releaseSavepoint).catch(() => {});
      throw error;
    }
  }

  async commit(): Promise<void> {
    while (this.#opening !== undefined) await this.#opening;
    this.#assertBegun();
    this.end();
    // Nothing was asked of PostgreSQL.
    if (!this.#hasBegun) return;
    const check = this.#doubted === undefined ? [] : [checking(this.#doubted)];
    const { prepares } = this.#source;
    const client = this.#client as pg.PoolClient;
    const { command } = await runPipeline(client, [...this.#before, ...check], commit, { prepares });
    // A transaction in which a statement failed answers COMMIT with ROLLBACK, without an error.
    if (command !== "COMMIT") throw new Error("the transaction had failed and was rolled back");
    for (const [tenantId, tables] of this.#written) this.#source.changed(tenantId, tables);
  }

  /** Notes that it writes to these tables as the tenant that it is in. */
  writes(tables: readonly string[]): void {
    if (this.#scope === undefined || tables.length === 0) return;
    const { tenantId } = this.#scope;
    const written = this.#written.get(tenantId) ?? new Set();
    for (const table of tables) written.add(table);
    this.#written.set(tenantId, written);
  }

  /** Undoes it, as far as it has come, and gives its connection back; or, if it is given up, ends its backend. */
  async rollback(isGivenUp: boolean, error: unknown): Promise<void> {
    this.end();
    if (this.#client === undefined) return;
    if (isGivenUp) {
      endBackend(this.#source.pool, this.#client);
      return this.release(new Error("given up", { cause: error }));
    }
    try {
      if (this.#hasBegun) await this.#client.query("ROLLBACK");
      this.release();
    } catch (cause) {
      this.release(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  release(broken?: Error): void {
    this.#client?.release(broken);
    this.#client = undefined;
  }

  #assertBegun(): void {
    if (this.#failure !== undefined) throw new Error("the transaction had not begun", this.#failure);
  }

  /** @param assertOpen asked right before it is sent */
  async #run(last: Step | Statement, assertOpen?: () => void): Promise<pg.QueryResult> {
    while (this.#opening !== undefined) await this.#opening;
    const client = this.client;
    this.#assertBegun();
    assertOpen?.();
    const tables = tablesWritten(last.text);
    this.writes(tables);
    const { audited } = this.#source;
    if (this.#unsaid && (last.text.includes("zg_audit") || tables.some((each) => audited.has(each))))
      this.#enter(this.#unsaid);
    const { prepares } = this.#source;
    const before = this.#before;
    if (before.length === 0) return runPipeline(client, before, last, { prepares });
    this.#before = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#opening = promise;
    try {
      return await this.#open(before, last);
    } finally {
      this.#opening = undefined;
      resolve();
    }
  }

  /**
   * A connection that died while it lay idle in the pool shows that at BEGIN, when nothing has been done yet: then the
   * next one is tried, at most as many as the pool can hold, and BEGIN goes alone: the statement may be what does it.
   */
  async #open(before: Step[], last: Step | Statement): Promise<pg.QueryResult> {
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    try {
      return await this.#sendAll(before, last);
    } catch (error) {
      if (!isFirst || this.#isOver || !isConnectionLost(error)) throw error;
      await this.#beginElsewhere(error);
    }
    this.#failure = undefined;
    return this.#sendAll(before.slice(1), last);
  }

  async #sendAll(before: readonly Step[], last: Step | Statement): Promise<pg.QueryResult> {
    const { prepares } = this.#source;
    let stepsDone = before.length;
    try {
      const onFailure = (done: number): void => void (stepsDone = done);
      return await runPipeline(this.client, before, last, { prepares, onFailure });
    } catch (error) {
      // Whatever came now would run in another scope, or in no transaction.
      if (stepsDone < before.length) this.#failure = { cause: error };
      throw error;
    }
  }

  async #beginElsewhere(error: unknown): Promise<void> {
    const { pool, prepares } = this.#source;
    let lost = error;
    for (let left = pool.options.max; ; left--) {
      this.release(lost instanceof Error ? lost : new Error(String(lost)));
      const client = await pool.connect();
      if (this.#isOver) client.release();
      else this.#client = client;
      try {
        await runPipeline(this.client, [], this.#begin, { prepares });
        return;
      } catch (again) {
        lost = again;
        if (left <= 0 || this.#isOver || !isConnectionLost(again)) throw again;
      }
    }
  }
}

async function once<Result>(
  source: TransactionSource,
  options: RunOptions,
  work: (trx: Transaction) => Promise<Result>,
): Promise<Result> {
  const { signal } = options;
  signal?.throwIfAborted();
  const trx = new Transaction(source, options);
  await trx.connect();
  const aborted = signal && whenAborted(signal);
  try {
    const result = await (aborted === undefined ? work(trx) : Promise.race([work(trx), aborted.promise]));
    await trx.commit();
    trx.release();
    return result;
  } catch (error) {
    await trx.rollback(signal?.aborted === true, error);
    throw error;
  } finally {
    aborted?.forget();
  }
}

/** Rejects when `signal` is aborted, until it is forgotten. */
function whenAborted(signal: AbortSignal): { promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return { promise, forget: () => signal.removeEventListener("abort", abort) };
}

/**
 * A statement goes on when its client is gone, and holds its locks: so it is told to end. If that can't be said, the
 * server notices by itself when it wants to answer.
 */
function endBackend(pool: pg.Pool, client: pg.PoolClient): void {
  const { processID } = client as pg.PoolClient & { readonly processID?: number };
  pool.query("SELECT pg_terminate_backend($1)", [processID]).catch(() => {});
}

function isWorthRetrying(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === serializationFailure || state === deadlockDetected || forgetStalePlans(error);
}

function jitterMs(attempt: number): number {
  return Math.random() * 5 * 2 ** attempt;
}
