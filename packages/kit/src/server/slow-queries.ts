import type pg from "pg";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";
import type { Query } from "./query.ts";
import { watchStatements } from "./statements.ts";

/** How often is looked who waits for a lock: so fine is `lockMs`. */
const lookEveryMs = 250;
const writeEveryMs = 2000;
/** A database that is slow as a whole must not be slowed further by writing so: more than that is only counted. */
const keptPerWrite = 100;
const longestText = 10_000;
const keepDays = 30;
const ownText = "kit_slow_query";

export interface SlowQuery {
  /** When it began. */
  readonly at: Date;
  readonly durationMs: number;
  /** Of that, how long it was seen waiting for somebody else's lock; to 250 ms. */
  readonly lockMs: number;
  /** Rows that it returned or changed; 0 if it failed. How many it looked at PostgreSQL tells only by EXPLAIN. */
  readonly rows: number;
  readonly login: string;
  readonly database: string;
  /** As it was sent: with `$1` in the place of values. */
  readonly text: string;
}

interface Running {
  readonly client: pg.ClientBase & { readonly processID?: number };
  readonly text: string;
  readonly at: Date;
  readonly fromMs: number;
  lockMs: number;
}

export interface SlowQueriesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** As the owner. */
  readonly query: Query;
  /** What takes this long is slow. */
  readonly thresholdMs: number;
}

/**
 * Notes each statement of a pool that takes long, in `kit_slow_query`; those through a cursor are not among them
 * (`statements.ts`).
 */
export class SlowQueries {
  readonly #options: SlowQueriesOptions;
  readonly #running = new Set<Running>();
  #ended: SlowQuery[] = [];
  #uncounted = 0;
  #isLooking = false;
  #isWriting = false;
  #looks: NodeJS.Timeout | undefined;
  #writes: NodeJS.Timeout | undefined;

  constructor(options: SlowQueriesOptions) {
    this.#options = options;
  }

  watch(pool: pg.Pool): void {
    watchStatements(pool, (client, text) => {
      const at = this.#options.clock.now();
      const running: Running = { client, text, at, fromMs: performance.now(), lockMs: 0 };
      this.#running.add(running);
      return (rows) => this.#end(running, rows);
    });
    this.#looks = setInterval(() => void this.#look(), lookEveryMs).unref();
    this.#writes = setInterval(() => void this.write(), writeEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#looks);
    clearInterval(this.#writes);
  }

  /** Writes down what was noted; with the next call what could not be written now. */
  async write(): Promise<void> {
    if (this.#isWriting || this.#ended.length === 0) return;
    this.#isWriting = true;
    const [noted, beyond] = [this.#ended, this.#uncounted];
    [this.#ended, this.#uncounted] = [[], 0];
    try {
      await this.#options.query(
        `INSERT INTO kit_slow_query (at, duration_ms, lock_ms, rows, login, database, text)
         SELECT at, "durationMs", "lockMs", rows, login, database, text FROM jsonb_to_recordset($1::jsonb) AS noted
           (at timestamptz, "durationMs" int, "lockMs" int, rows int, login text, database text, text text)`,
        [JSON.stringify(noted)],
      );
      if (beyond > 0) this.#options.log.warn({ beyond }, "more queries were slow than are written down");
    } catch (error) {
      this.#ended = [...noted, ...this.#ended].slice(0, keptPerWrite);
      this.#uncounted += beyond;
      this.#options.log.warn({ err: error }, "slow queries could not be written down");
    } finally {
      this.#isWriting = false;
    }
  }

  async prune(): Promise<void> {
    const forgotten = new Date(this.#options.clock.now().getTime() - keepDays * 86_400_000);
    await this.#options.query("DELETE FROM kit_slow_query WHERE at < $1", [forgotten]);
  }

  #end(running: Running, rows: number): void {
    this.#running.delete(running);
    const { client, text, at, fromMs, lockMs } = running;
    const durationMs = Math.round(performance.now() - fromMs);
    if (durationMs < this.#options.thresholdMs || text.includes(ownText)) return;
    if (this.#ended.length >= keptPerWrite) return void (this.#uncounted += 1);
    const { user = "", database = "" } = client as pg.ClientBase & { user?: string; database?: string };
    this.#ended.push({
      at,
      durationMs,
      lockMs: Math.min(lockMs, durationMs),
      rows,
      login: user,
      database,
      text: text.slice(0, longestText),
    });
  }

  /** Asks of what has run for a while whether it waits for a lock. */
  async #look(): Promise<void> {
    const from = performance.now() - lookEveryMs;
    const long = [...this.#running].filter(({ fromMs, text }) => fromMs < from && !text.includes(ownText));
    if (this.#isLooking || long.length === 0) return;
    this.#isLooking = true;
    try {
      const waiting = await this.#options.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1) AND wait_event_type = 'Lock' /* ${ownText} */`,
        [long.map(({ client }) => client.processID ?? 0)],
      );
      const pids = new Set(waiting.map(({ pid }) => pid));
      for (const running of long) if (pids.has(running.client.processID ?? 0)) running.lockMs += lookEveryMs;
    } catch {
      // The database is away or busy; then what a statement waited for is not known.
    } finally {
      this.#isLooking = false;
    }
  }
}

/** The slowest first, a hundred at most, of those that began since then. */
export async function slowestQueries(query: Query, since: Date): Promise<SlowQuery[]> {
  return query<SlowQuery>(
    `SELECT at, duration_ms AS "durationMs", lock_ms AS "lockMs", rows, login, database, text FROM kit_slow_query
     WHERE at >= $1 ORDER BY duration_ms DESC, id LIMIT 100`,
    [since],
  );
}
