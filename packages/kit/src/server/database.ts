import { Kysely, type KyselyPlugin, PostgresDialect } from "kysely";
import pg from "pg";
import { camelCaseRows, scopedKysely } from "./kysely.ts";
import { runPipeline, type Step } from "./pipeline.ts";
import type { TenantScope } from "./scope.ts";
import { isConnectionLost } from "./sql-state.ts";
import type { Tables } from "./tables.ts";
import { type Changed, Transaction, type TransactionSource } from "./transaction.ts";
import type { TransactionOptions } from "./transaction-steps.ts";

// `date` stays text (a business day has no time) and bigint becomes a number, which is safe: money is checked as Fen
// and ids are UUIDs. A bigint that doesn't fit is an error, not a wrong figure.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
});

export interface DatabaseOptions extends Omit<pg.PoolConfig, "connectionString"> {
  /** Sees each statement of a ctx: for measurements and for tests that count. */
  readonly plugins?: readonly KyselyPlugin[];
  /** False behind a pooler, whose connections don't keep what was prepared on them. True unless told. */
  readonly prepares?: boolean;
}

/** One pool, entered as the owner or as a tenant. */
export class Database {
  readonly pool: pg.Pool;
  /** As the owner, without a tenant: sees every row. */
  readonly owner: Kysely<Tables>;
  /** Told of each commit that wrote to a tenant's rows; the runtime listens. */
  changed: Changed = () => {};
  /** The tables whose changes go into the audit log, once the modules are known. */
  readonly audited = new Set<string>();
  readonly #plugins: readonly KyselyPlugin[];
  readonly #prepares: boolean;
  #role: Promise<string> | undefined;
  #knownRole: string | undefined;

  /** Nothing is connected yet; the first query is. */
  constructor(url: string, { plugins = [], prepares = true, ...options }: DatabaseOptions = {}) {
    this.pool = new pg.Pool({ connectionString: url, max: 30, application_name: "zhanggui", ...options });
    // A connection that breaks fails the query that is under way, which tells; between two queries nobody listens, and
    // Node ends a process for an error event that nobody listens to.
    this.pool.on("connect", (client) => client.on("error", () => {}));
    this.pool.on("error", () => {});
    this.#prepares = prepares;
    this.#plugins = [camelCaseRows, ...plugins];
    this.owner = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: this.pool }),
      plugins: [...this.#plugins],
    });
  }

  /** The tenant role of this database, as its migrations made it. */
  tenantRole(): Promise<string> {
    this.#role ??= this.#readRole().catch((error: unknown) => {
      this.#role = undefined;
      throw error;
    });
    return this.#role;
  }

  /**
   * Queries of one tenant, each in one round trip and outside of any transaction.
   *
   * @param assertFree asked before each takes a connection; what it throws, the query fails with
   */
  scoped(tenant: Omit<TenantScope, "role" | "prepares">, assertFree: () => void): Kysely<Tables> {
    return scopedKysely(this.#plugins, {
      acquire: async () => {
        assertFree();
        // First, because it may itself ask the pool: with a connection in hand, as many as the pool holds would wait.
        const scope = await this.scopeOf(tenant);
        return {
          client: await this.pool.connect(),
          scope,
          changed: (tenantId, tables) => this.changed(tenantId, tables),
        };
      },
      release: (client, error) => client.release(error),
    });
  }

  /** One statement of the owner's that is worth preparing, as a transaction of its own. Rows come in snake_case. */
  async ownerStep<Row extends object>(step: Step): Promise<Row[]> {
    const client = await this.pool.connect();
    try {
      const { rows } = await runPipeline(client, [], step, { prepares: this.#prepares });
      client.release();
      return rows as Row[];
    } catch (error) {
      client.release(isConnectionLost(error) ? true : undefined);
      throw error;
    }
  }

  /**
   * Runs `work` in a transaction of the owner. Commits when it is over, rolls back when it throws; runs it again, on a
   * new transaction, when PostgreSQL asks for that (a deadlock, a serialization failure).
   */
  async transaction<Result>(
    options: TransactionOptions & { readonly signal?: AbortSignal },
    work: (trx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    // Whoever steps into a tenant on the way must not wait for a second connection.
    await this.tenantRole();
    return Transaction.run(this.#source, options, work);
  }

  /** Runs `work` in a transaction of one tenant, entered with its BEGIN in one round trip. */
  async tenantTransaction<Result>(
    tenant: Omit<TenantScope, "role" | "prepares">,
    options: TransactionOptions,
    work: (trx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const scope = await this.scopeOf(tenant);
    return Transaction.run(this.#source, { ...options, scope }, work);
  }

  close(): Promise<void> {
    return this.owner.destroy();
  }

  get #source(): TransactionSource {
    const changed: Changed = (tenantId, tables) => this.changed(tenantId, tables);
    return { pool: this.pool, plugins: this.#plugins, prepares: this.#prepares, audited: this.audited, changed };
  }

  async scopeOf({ tenantId, now, audit }: Omit<TenantScope, "role" | "prepares">): Promise<TenantScope> {
    const role = this.#knownRole ?? (await this.tenantRole());
    return { role, prepares: this.#prepares, tenantId, now, audit };
  }

  async #readRole(): Promise<string> {
    const { rows } = await this.pool.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
    const role = rows[0]?.tenant_role;
    if (role === undefined) throw new Error("this database has no tenant role: its migrations have not run");
    this.#knownRole = role;
    return role;
  }
}

export function openDatabase(url: string, options?: DatabaseOptions): Database {
  return new Database(url, options);
}
