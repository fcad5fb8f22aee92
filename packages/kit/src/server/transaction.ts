import type { Kysely, KyselyPlugin } from "kysely";
import type pg from "pg";
import { scopedKysely } from "./kysely.ts";
import { assertScope, changeScope, enterScope, type TenantScope } from "./scope.ts";
import { deadlockDetected, isConnectionLost, serializationFailure, sqlStateOf } from "./sql-state.ts";
import type { Tables } from "./tables.ts";

export interface TransactionOptions {
  /** PostgreSQL's own default is `read committed`. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  /**
   * How often the work may run again when PostgreSQL gives it up in favour of another transaction (SQLSTATE 40001 and
   * 40P01, which both undo it wholly). So what it does outside of the database must bear repeating. Default: 3.
   */
  readonly retries?: number;
}

interface RunOptions extends TransactionOptions {
  readonly scope?: TenantScope;
  /** Aborted: the work is given up at once, its connection thrown away and its backend ended. */
  readonly signal?: AbortSignal;
}

/** One transaction on one connection: the owner's, stepping into tenants and back, or one tenant's from its BEGIN. */
export class Transaction {
  /** Queues that got something in it: they are woken when it has committed. */
  readonly queued = new Set<string>();
  readonly #client: pg.PoolClient;
  readonly #plugins: readonly KyselyPlugin[];
  #scope: TenantScope | undefined;
  #db: { readonly of: Kysely<Tables>; readonly scope: TenantScope | undefined } | undefined;
  #savepoints = 0;
  #isOver = false;

  constructor(client: pg.PoolClient, plugins: readonly KyselyPlugin[], scope: TenantScope | undefined) {
    this.#client = client;
    this.#plugins = plugins;
    this.#scope = scope;
  }

  /** @throws Error when the transaction is over: then the connection is somebody else's, or the owner's */
  get client(): pg.PoolClient {
    if (this.#isOver) throw new Error("this transaction is over: something was not awaited");
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
      const client = this.#client;
      const of = scopedKysely(this.#plugins, {
        acquire: async () => ({ client, assertOpen }),
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
    pool: pg.Pool,
    plugins: readonly KyselyPlugin[],
    { isolation, retries = 3, scope, signal }: RunOptions,
    work: (trx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const begin = [
      isolation === undefined ? "BEGIN" : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`,
      ...(scope === undefined ? [] : [enterScope(scope)]),
    ].join("; ");
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(pool, begin, (client) => new Transaction(client, plugins, scope), work, signal);
      } catch (error) {
        if (attempt >= retries || !isWorthRetrying(error)) throw error;
        // Two that met once would meet again if both came back at the same time.
        await new Promise((resolve) => setTimeout(resolve, jitterMs(attempt)));
      }
    }
  }

  /** As the owner. Rows come as PostgreSQL names them, in snake_case. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    await this.leave();
    const { rows } = await this.client.query<Row>(text, [...values]);
    return rows;
  }

  /** The kit's own statements in whatever scope the transaction has entered. Rows come in snake_case. */
  async queryInside<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.client.query<Row>(text, [...values]);
    return rows;
  }

  /** Goes on as a tenant, until the next step; where it is already, without a word to the database. */
  async enter(scope: TenantScope): Promise<void> {
    if (this.#isIn(scope)) return;
    await this.client.query(changeScope(this.#scope, scope));
    this.#scope = scope;
  }

  /** The defaults' present may lag behind by what a batch takes; whoever needs it finer passes `ctx.now()`. */
  #isIn({ tenantId, role }: TenantScope): boolean {
    return this.#scope?.tenantId === tenantId && this.#scope.role === role;
  }

  /** Goes on as the owner. @throws if what ran as the tenant has left its scope by itself */
  async leave(): Promise<void> {
    if (this.#scope === undefined) return;
    await this.client.query(changeScope(this.#scope, undefined));
    this.#scope = undefined;
  }

  /** What `work` did in the database is undone if it throws; the rest of the transaction goes on. */
  async savepoint<Result>(work: () => Promise<Result>): Promise<Result> {
    const name = `zg_${++this.#savepoints}`;
    const scope = this.#scope;
    await this.client.query(`SAVEPOINT ${name}`);
    try {
      const result = await work();
      await this.client.query(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      // Rolling back also brings back the role and the tenant of its beginning. Where it can't be done the transaction
      // is lost anyway, and why it was is said by the first error.
      await this.client.query(`ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`).catch(() => {});
      this.#scope = scope;
      throw error;
    }
  }

  async commit(): Promise<void> {
    this.end();
    const check = this.#scope === undefined ? "" : `${assertScope(this.#scope)}; `;
    const results = (await this.#client.query(`${check}COMMIT`)) as unknown as pg.QueryResult | pg.QueryResult[];
    const last = Array.isArray(results) ? results.at(-1) : results;
    // A transaction in which a statement failed answers COMMIT with ROLLBACK, without an error.
    if (last?.command !== "COMMIT") throw new Error("the transaction had failed and was rolled back");
  }
}

async function once<Result>(
  pool: pg.Pool,
  begin: string,
  open: (client: pg.PoolClient) => Transaction,
  work: (trx: Transaction) => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  signal?.throwIfAborted();
  const client = await begun(pool, begin);
  const aborted = whenAborted(signal);
  let broken: Error | undefined;
  const trx = open(client);
  try {
    const result = await Promise.race([work(trx), aborted.promise]);
    await trx.commit();
    return result;
  } catch (error) {
    trx.end();
    if (signal?.aborted) {
      broken = new Error("given up", { cause: error });
      endBackend(pool, client);
    } else {
      await client.query("ROLLBACK").catch((cause: unknown) => {
        broken = cause instanceof Error ? cause : new Error(String(cause));
      });
    }
    throw error;
  } finally {
    aborted.forget();
    client.release(broken);
  }
}

/** Rejects when `signal` is aborted, until it is forgotten. */
function whenAborted(signal: AbortSignal | undefined): { promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const abort = (): void => reject(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return { promise, forget: () => signal?.removeEventListener("abort", abort) };
}

/**
 * A statement goes on when its client is gone, and holds its locks: so it is told to end. If that can't be said, the
 * server notices by itself when it wants to answer.
 */
function endBackend(pool: pg.Pool, client: pg.PoolClient): void {
  const { processID } = client as pg.PoolClient & { readonly processID?: number };
  pool.query("SELECT pg_terminate_backend($1)", [processID]).catch(() => {});
}

/**
 * A connection on which the transaction has begun. One that died while it lay idle in the pool shows that at BEGIN,
 * when nothing has been done yet: then the next one is tried, at most as many as the pool can hold.
 */
async function begun(pool: pg.Pool, begin: string): Promise<pg.PoolClient> {
  for (let left = pool.options.max; ; left--) {
    const client = await pool.connect();
    try {
      await client.query(begin);
      return client;
    } catch (error) {
      client.release(error instanceof Error ? error : true);
      if (left <= 0 || !isConnectionLost(error)) throw error;
    }
  }
}

function isWorthRetrying(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === serializationFailure || state === deadlockDetected;
}

function jitterMs(attempt: number): number {
  return Math.random() * 5 * 2 ** attempt;
}
