import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "../log.ts";
import { deadlockDetected, lockNotAvailable, sqlStateOf } from "../sql-state.ts";

/** What migrations need beside their files. */
export interface MigrateOptions {
  readonly log?: Pick<Logger, "info" | "warn">;
  /** The role in which tenants' statements run; each database has one of its own unless this says otherwise. */
  readonly tenantRole?: string;
  /** How long a file may wait for a lock. While it waits, whoever comes later waits behind it. */
  readonly lockTimeoutMs?: number;
  /** How often a file that didn't get its lock is tried again. */
  readonly attempts?: number;
  /** Only these files, for a database that is to be as an older version left it; no triggers of the audit log yet. */
  readonly only?: (migration: { readonly module: string; readonly name: string }) => boolean;
  /** Pauses between attempts, and while another process migrates. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

type Optional = "log" | "tenantRole" | "only";

/** Options with their defaults: two seconds of others' patience at a time, for some minutes. */
export type MigrationSettings = Required<Omit<MigrateOptions, Optional>> & Pick<MigrateOptions, Optional>;

export function settingsOf(options: MigrateOptions): MigrationSettings {
  return { lockTimeoutMs: 2_000, attempts: 60, pause, ...options };
}

// Any constant that no other program uses on the same database: "zhanggui" in ASCII, as PostgreSQL's bigint.
const advisoryLock = "8820992158880462185";
const turnMs = 200;

/**
 * Runs `work` on a connection of its own while no other process migrates this database.
 *
 * The turn is asked for again and again, not waited for: a session that waits inside a statement holds a snapshot, and
 * an index that another process builds concurrently would wait for that snapshot for good.
 */
export async function exclusiveSession<Result>(
  databaseUrl: string,
  settings: MigrationSettings,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "zhanggui migrate" });
  // A connection that breaks fails the statement under way, which tells.
  client.on("error", () => {});
  await client.connect();
  try {
    // A limit meant for requests would end the building of a large index.
    await client.query("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0");
    for (;;) {
      const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${advisoryLock}) AS taken`);
      if (rows[0]?.taken === true) break;
      await settings.pause(turnMs);
    }
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Runs `work` in a transaction that waits for locks a little while only, again with pauses that grow when it didn't get
 * one. A migration that stood in line for a table behind a long query would make everybody else stand behind it.
 */
export async function patiently(
  client: pg.Client,
  settings: MigrationSettings,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await client.query("BEGIN");
    try {
      await client.query(`SET LOCAL lock_timeout = ${settings.lockTimeoutMs}`);
      await work();
      await client.query("COMMIT");
      return;
    } catch (cause) {
      await client.query("ROLLBACK").catch(() => {});
      if (!isWorthARetry(cause) || attempt >= settings.attempts) throw cause;
      settings.log?.warn({ migration: what, attempt, err: cause }, "a migration waits for others to let go of a table");
      await settings.pause(Math.min(250 * 2 ** Math.min(attempt, 5), 8_000) * (0.5 + Math.random() / 2));
    }
  }
}

function isWorthARetry(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === lockNotAvailable || state === deadlockDetected;
}
