import type pg from "pg";
import type { DatabaseOptions } from "./database.ts";
import type { Env } from "./env.ts";
import type { Metrics } from "./metrics.ts";

/**
 * A limit of 0 isn't sent at all: the server's own holds then, and a pooler in between isn't asked what it can't do.
 */
const limit = (ms: number): number | undefined => (ms === 0 ? undefined : ms);

/** How the environment wants the connections of a process: for `new Database(url, poolOptions(env))`. */
export function poolOptions(env: Env): DatabaseOptions {
  return {
    prepares: env.DATABASE_URL === env.DATABASE_DIRECT_URL,
    max: env.DATABASE_POOL_SIZE,
    connectionTimeoutMillis: env.DATABASE_CONNECT_TIMEOUT_MS,
    statement_timeout: limit(env.DATABASE_STATEMENT_TIMEOUT_MS),
    lock_timeout: limit(env.DATABASE_LOCK_TIMEOUT_MS),
    idle_in_transaction_session_timeout: limit(env.DATABASE_IDLE_TRANSACTION_TIMEOUT_MS),
    // A fail-over that drops packets instead of closing connections is noticed by the operating system.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // After a fail-over behind one name, connections find the new primary sooner or later even if none breaks.
    maxLifetimeSeconds: 3_600,
  };
}

/** Tells how full a pool is, how many wait for a connection, and how long they waited. */
export function measurePool(pool: pg.Pool, metrics: Metrics): void {
  metrics.gauge({ name: "zg_database_pool_connections", help: "Connections of the pool", labels: ["state"] }, () => [
    { labels: { state: "idle" }, value: pool.idleCount },
    { labels: { state: "busy" }, value: pool.totalCount - pool.idleCount },
  ]);
  metrics.gauge({ name: "zg_database_pool_size", help: "Connections that the pool may open" }, () => pool.options.max);
  metrics.gauge(
    { name: "zg_database_pool_waiting", help: "Callers that wait for a connection" },
    () => pool.waitingCount,
  );
  const waits = metrics.histogram({
    name: "zg_database_pool_wait_seconds",
    help: "How long callers waited for a connection",
  });
  const connect = pool.connect.bind(pool);
  type Callback = Parameters<typeof connect>[0];
  const measured = (callback?: Callback): Promise<pg.PoolClient> | undefined => {
    const startedMs = performance.now();
    const observe = (): void => waits.observe({}, (performance.now() - startedMs) / 1000);
    const answer = (told: Callback): void =>
      connect((error, client, release) => {
        observe();
        told(error, client, release);
      });
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        answer((error, client) => {
          if (client === undefined) reject(error instanceof Error ? error : new Error(String(error)));
          else resolve(client);
        });
      });
    }
    answer(callback);
    return undefined;
  };
  // pool.query takes its connection through this too.
  pool.connect = measured as typeof pool.connect;
}
