import {
  CamelCasePlugin,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type KyselyPlugin,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import type pg from "pg";
import Cursor from "pg-cursor";
import { tablesWritten } from "./changes.ts";
import type { Statement } from "./pipeline.ts";
import { forgetStalePlans, preparationOf } from "./prepared.ts";
import { assertRowStatement, enterScope, queryInScope, type TenantScope } from "./scope.ts";
import type { Tables } from "./tables.ts";

/** Rows are camelCase in code and snake_case in SQL; what stands inside a jsonb value keeps its own names. */
export const camelCaseRows = new CamelCasePlugin({ maintainNestedObjectKeys: true });

/** A connection of the pool, whose every statement enters the scope. */
export interface Acquired {
  readonly client: pg.PoolClient;
  readonly scope: TenantScope;
  /** Told of the statements that wrote something. */
  readonly changed: (tenantId: string, tables: readonly string[]) => void;
}
/** A transaction that has entered its scope already. */
export interface AcquiredTransaction {
  /** Runs one statement, by the extended protocol. @throws Error if the transaction is no longer in this scope */
  query(statement: Statement): Promise<pg.QueryResult>;
  /** For a cursor. A promise of the client could be kept until the connection is somebody else's. */
  opened(): Promise<() => pg.PoolClient>;
}

/** Where a scoped Kysely gets its connections. */
export interface Connections {
  acquire(): Promise<Acquired | AcquiredTransaction>;
  release(client: pg.PoolClient, error?: Error): void;
  /** True where all queries share one connection: they then wait for each other. */
  readonly single?: boolean;
}

/** A Kysely whose every query runs in a tenant's scope. Transactions are `ctx.tx`'s to open, not its own. */
export function scopedKysely(plugins: readonly KyselyPlugin[], connections: Connections): Kysely<Tables> {
  const dialect: Dialect = {
    createAdapter: () => new ScopedAdapter(connections.single !== true),
    createDriver: () => new ScopedDriver(connections),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  return new Kysely<Tables>({ dialect, plugins: [...plugins] });
}

class ScopedAdapter extends PostgresAdapter {
  readonly #multiple: boolean;

  constructor(multiple: boolean) {
    super();
    this.#multiple = multiple;
  }

  override get supportsMultipleConnections(): boolean {
    return this.#multiple;
  }
}

class ScopedDriver implements Driver {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection | TransactionConnection> {
    const acquired = await this.#connections.acquire();
    return "query" in acquired ? new TransactionConnection(acquired) : new PooledConnection(acquired);
  }

  async releaseConnection(connection: PooledConnection | TransactionConnection): Promise<void> {
    if (connection instanceof PooledConnection) this.#connections.release(connection.client, connection.broken);
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(new Error("a transaction of a ctx begins with ctx.tx(…)"));
  }
  commitTransaction(): Promise<void> {
    return Promise.reject(new Error("a transaction of a ctx ends with ctx.tx(…)"));
  }
  rollbackTransaction(): Promise<void> {
    return Promise.reject(new Error("a transaction of a ctx ends with ctx.tx(…)"));
  }

  async destroy(): Promise<void> {}
}

abstract class ScopedConnection implements DatabaseConnection {
  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { sql, parameters } = query;
    assertRowStatement(sql);
    try {
      const { command, rowCount, rows } = await this.run({ ...preparationOf(query), text: sql, values: parameters });
      const changes = command === "SELECT" || rowCount === null ? {} : { numAffectedRows: BigInt(rowCount) };
      return { rows: rows as Row[], ...changes };
    } catch (error) {
      // The stack leads to the socket; the one of this call leads to whoever asked.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  abstract streamQuery<Row>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<Row>>;
  protected abstract run(statement: Statement): Promise<pg.QueryResult>;
}

class TransactionConnection extends ScopedConnection {
  readonly #transaction: AcquiredTransaction;

  constructor(transaction: AcquiredTransaction) {
    super();
    this.#transaction = transaction;
  }

  async *streamQuery<Row>(
    { sql, parameters }: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<Row>> {
    assertRowStatement(sql);
    const client = await this.#transaction.opened();
    yield* readCursor<Row>(client(), { sql, parameters, chunkSize }, () => {});
  }

  /** What plans are kept is said once for a transaction, and there are those whose plan is. */
  protected run(statement: Statement): Promise<pg.QueryResult> {
    return this.#transaction.query(statement.replans ? { ...statement, name: undefined } : statement);
  }
}

class PooledConnection extends ScopedConnection {
  readonly client: pg.PoolClient;
  /** Set when the connection may no longer be used. */
  broken: Error | undefined;
  readonly #scope: TenantScope;
  readonly #changed: Acquired["changed"];

  constructor({ client, scope, changed }: Acquired) {
    super();
    this.client = client;
    this.#scope = scope;
    this.#changed = changed;
  }

  /** In a transaction of its own. */
  async *streamQuery<Row>(
    { sql, parameters }: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<Row>> {
    assertRowStatement(sql);
    await this.client.query(`BEGIN READ ONLY; ${enterScope(this.#scope)}`);
    try {
      yield* readCursor<Row>(this.client, { sql, parameters, chunkSize }, (error) => (this.broken ??= error));
    } finally {
      await this.client.query("COMMIT").catch(() => {});
    }
  }

  protected async run(statement: Statement): Promise<pg.QueryResult> {
    const result = await this.#send(statement);
    const tables = tablesWritten(statement.text);
    if (tables.length > 0) this.#changed(this.#scope.tenantId, tables);
    return result;
  }

  async #send(statement: Statement): Promise<pg.QueryResult> {
    try {
      return await queryInScope(this.client, this.#scope, statement);
    } catch (error) {
      if (!forgetStalePlans(error)) throw error;
      return queryInScope(this.client, this.#scope, { ...statement, name: undefined });
    }
  }
}

/** Rows in batches of `chunkSize`. */
async function* readCursor<Row>(
  client: pg.PoolClient,
  { sql, parameters, chunkSize }: Pick<CompiledQuery, "sql" | "parameters"> & { readonly chunkSize: number },
  onBroken: (error: Error) => void,
): AsyncIterableIterator<QueryResult<Row>> {
  let isBroken = false;
  const breaks = (error: unknown): void => {
    isBroken = true;
    onBroken(error instanceof Error ? error : new Error(String(error)));
  };
  const cursor = client.query(new Cursor<Row>(sql, [...parameters]));
  // Between two reads nobody else would hear that the connection broke.
  cursor.on("error", breaks);
  try {
    while (true) {
      const rows = await cursor.read(chunkSize);
      if (rows.length === 0) break;
      yield { rows };
    }
  } catch (error) {
    breaks(error);
    throw error;
  } finally {
    if (!isBroken) await close(client, cursor, breaks);
  }
}

/** A cursor whose connection breaks never says that it is closed. */
async function close(client: pg.PoolClient, cursor: Cursor, onBroken: (error: Error) => void): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const end = (): void => {
    onBroken(new Error("the connection broke while its cursor was closed"));
    ended.resolve();
  };
  client.once("end", end);
  await Promise.race([cursor.close(), ended.promise]);
  client.removeListener("end", end);
}
