import pg from "pg";
import type { Logger } from "../log.ts";

/** Other processes hear on it which queues got something. */
const channel = "kit_queue";
const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** PostgreSQL's limit is 8,000 bytes for one notification. */
const longestPayload = 7_500;
/** A statement that takes longer counts as a dead connection: a fail-over doesn't always close the old one. */
const patienceMs = 15_000;

/**
 * The queue's statements go along an index, always. Left alone, PostgreSQL reads and sorts a whole backlog whenever
 * its statistics say that there is none, as they do when one has just filled up.
 */
const plannerOptions = ["seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"]
  .map((way) => `-c enable_${way}=off`)
  .concat("-c plan_cache_mode=force_generic_plan", "-c jit=off")
  // A claim needn't reach the disk by itself: whatever is done under it does, and takes the claim along.
  .concat("-c synchronous_commit=off")
  .join(" ");

export interface ConnectionEvents {
  /** Another process put something into these queues. */
  woken(queues: readonly string[]): void;
  /** A new connection stands; what was announced meanwhile was not heard. */
  connected(): Promise<void>;
}

/**
 * The one connection of a process on which it claims, listens and polls. When it breaks it is made anew, again and
 * again with pauses; whoever asks meanwhile waits.
 */
export class QueueConnection {
  readonly #url: string;
  readonly #log: Logger;
  readonly #events: ConnectionEvents;
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #isConnecting = false;
  #ready = Promise.withResolvers<void>();
  #closed = false;
  readonly #closing = new AbortController();
  /** The last statement: the next one goes out when it is answered. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(url: string, log: Logger, events: ConnectionEvents) {
    this.#url = url;
    this.#log = log;
    this.#events = events;
    this.#ready.promise.catch(() => {});
  }

  /** Connects; waits until the connection stands. */
  async open(): Promise<void> {
    this.#connecting ??= this.#connect();
    await this.#ready.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort();
    this.#ready.reject(new Error("the queue's connection was closed"));
    await this.#connecting;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  /** Whether it stands now. */
  get stands(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Runs a statement that is prepared once per connection, after those that were asked for before. Waits for a
   * connection, but doesn't try twice.
   */
  query<Row>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    const answer = this.#last.then(() => this.#send<Row>(name, text, values));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #send<Row>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    const client = await this.#standing();
    try {
      const { rows } = await client.query<Row & pg.QueryResultRow>({ name, text, values: [...values] });
      return rows;
    } catch (error) {
      // An answer from the database leaves the connection as it was; anything else means that it is of no use.
      if (!(error instanceof pg.DatabaseError)) this.#lose(client);
      throw error;
    }
  }

  /** Says in which queues there is something. What can't be said now is found by polling. */
  async announce(queues: readonly string[]): Promise<void> {
    if (this.#client === undefined) return;
    try {
      for (const payload of payloads(queues))
        await this.query("announce", "SELECT pg_notify($1, $2)", [channel, payload]);
    } catch (error) {
      if (!this.#closed) this.#log.warn({ err: error }, "other processes were not told of new work");
    }
  }

  async #standing(): Promise<pg.Client> {
    while (this.#client === undefined) {
      if (this.#closed) throw new Error("the queue's connection was closed");
      await this.#ready.promise;
    }
    return this.#client;
  }

  async #connect(): Promise<void> {
    this.#isConnecting = true;
    try {
      await this.#connectUntilItStands();
    } finally {
      this.#isConnecting = false;
    }
  }

  async #connectUntilItStands(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#closed) {
      const client = new pg.Client({
        connectionString: this.#url,
        application_name: "zhanggui queue",
        keepAlive: true,
        connectionTimeoutMillis: 10_000,
        query_timeout: patienceMs,
        options: plannerOptions,
      });
      client.on("error", () => this.#lose(client));
      client.on("end", () => this.#lose(client));
      client.on("notification", ({ payload = "[]", processId }) => {
        // What this process put in its own workers know already.
        if (processId !== processIdOf(client)) this.#events.woken(JSON.parse(payload) as string[]);
      });
      try {
        await client.connect();
        await client.query(`LISTEN ${channel}`);
        this.#client = client;
        this.#ready.resolve();
        this.#events.connected().catch((error: unknown) => {
          this.#log.warn({ err: error }, "after a new connection not everything was looked at; polling will");
        });
        return;
      } catch (error) {
        if (this.#closed) return;
        this.#log.warn({ err: error, pauseMs }, "the queue has no connection to the database");
        this.#lose(client);
        await pause(pauseMs, this.#closing.signal);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      }
    }
  }

  /** Throws a connection away, once, and starts to make another. */
  #lose(client: pg.Client): void {
    client.end().catch(() => {});
    if (this.#client !== client) return;
    this.#client = undefined;
    if (this.#closed) return;
    this.#ready = Promise.withResolvers<void>();
    this.#ready.promise.catch(() => {});
    if (this.#isConnecting) return;
    this.#log.warn("the queue's connection broke; making another");
    this.#connecting = this.#connect();
  }
}

/** As few notifications as hold them all. */
function payloads(entries: readonly string[]): string[] {
  const whole = JSON.stringify(entries);
  const half = Math.ceil(entries.length / 2);
  if (whole.length <= longestPayload || half === entries.length) return [whole];
  return [...payloads(entries.slice(0, half)), ...payloads(entries.slice(half))];
}

function processIdOf(client: pg.Client): number | undefined {
  return (client as pg.Client & { readonly processID?: number }).processID;
}

/** Waits, but not longer than until `signal` is aborted. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal.addEventListener("abort", done);
  });
}
