import pg from "pg";

/** Whether this process should be given requests, and if not, why. */
export type Readiness = "ready" | "stopping" | "no database";

export interface LifecycleOptions {
  /** How long the database may take to answer. */
  readonly timeoutMs?: number;
}

/**
 * From "may be given requests" to "is ending". The database is asked on a connection of its own, so that a pool whose
 * connections are all at work isn't taken for a database that is gone.
 */
export class Lifecycle {
  readonly #databaseUrl: string;
  readonly #timeoutMs: number;
  readonly #stopping = new AbortController();
  #client: pg.Client | undefined;
  #asking: Promise<boolean> | undefined;

  constructor(databaseUrl: string, { timeoutMs = 2_000 }: LifecycleOptions = {}) {
    this.#databaseUrl = databaseUrl;
    this.#timeoutMs = timeoutMs;
  }

  /** Aborts when the process was told to end: what streams without an end of its own ends then. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** From here on the process isn't ready any more. */
  beginStop(): void {
    this.#stopping.abort(new Error("the server is stopping"));
  }

  async readiness(): Promise<Readiness> {
    if (this.stopping.aborted) return "stopping";
    // However many ask at a time, the database is asked once.
    this.#asking ??= this.#databaseAnswers().finally(() => {
      this.#asking = undefined;
    });
    return (await this.#asking) ? "ready" : "no database";
  }

  async close(): Promise<void> {
    await this.#drop();
  }

  async #databaseAnswers(): Promise<boolean> {
    // The connection may have been broken since the last time: that says nothing about a new one.
    return (await this.#answersOnce()) || this.#answersOnce();
  }

  async #answersOnce(): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    // When the event loop was busy, the timer may be due together with an answer that lies there unread: Node reads
    // what has arrived before it runs an immediate.
    const timer = setTimeout(() => setImmediate(() => late.resolve(false)), this.#timeoutMs);
    const asked = this.#query().then(
      () => true,
      () => false,
    );
    try {
      const answered = await Promise.race([asked, late.promise]);
      if (!answered) await this.#drop();
      return answered;
    } finally {
      clearTimeout(timer);
    }
  }

  async #query(): Promise<void> {
    if (this.#client === undefined) {
      const client = new pg.Client({ connectionString: this.#databaseUrl, application_name: "zhanggui health" });
      this.#client = client;
      client.on("error", () => {
        if (this.#client === client) this.#client = undefined;
      });
      await client.connect();
    }
    await this.#client?.query("SELECT 1");
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // Ends at once if a statement is under way. A connection that was never made has nothing to end.
    await Promise.race([client?.end().catch(() => {}), new Promise((done) => setImmediate(done))]);
  }
}
