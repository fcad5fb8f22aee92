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
import { assertRowStatement, enterScope, queryInScope, type TenantScope } from "./scope.ts";
import type { Tables } from "./tables.ts";

/** Rows are camelCase in code and snake_case in SQL; what stands inside a jsonb value keeps its own names. */
export const camelCaseRows = new CamelCasePlugin({ maintainNestedObjectKeys: true });

export interface Acquired {
  readonly client: pg.PoolClient;
  /** Without one the connection is in a transaction that has entered it already. */
  readonly scope?: TenantScope;
  /** Asked right before each statement. @throws Error if the connection may no longer be used for this scope */
  assertOpen?(): void;
}

/** Where a scoped Kysely gets its connections. */
export interface Connections {
  acquire(): Promise<Acquired>;
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

  async acquireConnection(): Promise<ScopedConnection> {
    return new ScopedConnection(await this.#connections.acquire());
  }

  async releaseConnection(connection: ScopedConnection): Promise<void> {
    this.#connections.release(connection.client, connection.broken);
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

class ScopedConnection implements DatabaseConnection {
  readonly client: pg.PoolClient;
  /** Set when the connection may no longer be used. */
  broken: Error | undefined;
  readonly #scope: TenantScope | undefined;
  readonly #assertOpen: () => void;

  constructor({ client, scope, assertOpen = () => {} }: Acquired) {
    this.client = client;
    this.#scope = scope;
    this.#assertOpen = assertOpen;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    assertRowStatement(sql);
    this.#assertOpen();
    try {
      const { command, rowCount, rows } = await this.#run(sql, parameters);
      const changes = command === "SELECT" || rowCount === null ? {} : { numAffectedRows: BigInt(rowCount) };
      return { rows: rows as Row[], ...changes };
    } catch (error) {
      // The stack leads to the socket; the one of this call leads to whoever asked.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  /** Rows in batches of `chunkSize`, through a cursor: outside of a transaction in one of its own. */
  async *streamQuery<Row>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<Row>> {
    assertRowStatement(query.sql);
    this.#assertOpen();
    if (this.#scope !== undefined) await this.client.query(`BEGIN READ ONLY; ${enterScope(this.#scope)}`);
    const cursor = this.client.query(new Cursor<Row>(query.sql, [...query.parameters]));
    // Between two reads nobody else would hear that the connection broke.
    cursor.on("error", (error: Error) => (this.broken ??= error));
    try {
      while (true) {
        const rows = await cursor.read(chunkSize);
        if (rows.length === 0) break;
        yield { rows };
      }
    } catch (error) {
      this.broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      if (this.broken === undefined) await this.#close(cursor);
      if (this.#scope !== undefined) await this.client.query("COMMIT").catch(() => {});
    }
  }

  /** A cursor whose connection breaks never says that it is closed. */
  async #close(cursor: Cursor): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const end = (): void => {
      this.broken ??= new Error("the connection broke while its cursor was closed");
      ended.resolve();
    };
    this.client.once("end", end);
    await Promise.race([cursor.close(), ended.promise]);
    this.client.removeListener("end", end);
  }

  #run(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    if (this.#scope !== undefined) return queryInScope(this.client, this.#scope, text, values);
    // The simple protocol would take several statements, one of them a way out.
    return this.client.query({ text, values: [...values], queryMode: "extended" } as pg.QueryConfig);
  }
}
