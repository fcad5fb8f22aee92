import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface SharedStoreOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string;
  /** What all keys begin with: another one for each installation that uses the same Redis. */
  readonly prefix: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How long an answer may take. Whoever asks has another way, which takes longer than this, but not much. */
  readonly patienceMs?: number;
}

type Client = Awaited<ReturnType<typeof clientFor>>;

const usualPatienceMs = 100;
const longestPauseMs = 2_000;
/** One that doesn't answer is asked again by one question at a time. */
const askAgainMs = 500;

/**
 * What processes share in Redis: caches and limits, nothing that may not be lost. While it is away, or doesn't answer,
 * nobody waits for it: whoever asks is told at once that there is no answer, and goes its own way.
 */
export class SharedStore {
  #client: Client | undefined;
  readonly #url: string;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #patienceMs: number;
  readonly #failures;
  readonly #listeners = new Set<() => void>();
  /** It stands, but doesn't answer. */
  #isSilent = false;
  #wasUp: boolean | undefined;
  #isClosed = false;

  constructor({ url, prefix, log, metrics, patienceMs = usualPatienceMs }: SharedStoreOptions) {
    this.#prefix = prefix;
    this.#log = log;
    this.#patienceMs = patienceMs;
    this.#failures = metrics.counter({
      name: "zg_redis_unanswered_total",
      help: "Questions that Redis didn't answer, or not in time",
    });
    metrics.gauge({ name: "zg_redis_up", help: "Whether Redis answers: 1 or 0" }, () => Number(this.isUp));
    this.#url = url;
    this.#connect().catch((error: unknown) => this.#changed(error));
  }

  get isUp(): boolean {
    return this.#client?.isReady === true && !this.#isSilent;
  }

  /** Called each time that it is there again: what was not heard meanwhile can be made up for. */
  onUp(listener: () => void): void {
    this.#listeners.add(listener);
  }

  key(name: string): string {
    return `${this.#prefix}${name}`;
  }

  /** The answer, or undefined if there is none in time, for whatever reason. */
  async ask<Answer>(question: (client: Client) => Promise<Answer>): Promise<{ readonly answer: Answer } | undefined> {
    const client = this.#client;
    if (client === undefined || !this.isUp) return undefined;
    const answer = await this.#inTime(client, question);
    if (answer === undefined) this.#failures.add({});
    return answer;
  }

  /** Where it is, without what opens it. @throws Error saying what is wrong with it */
  async check(): Promise<string> {
    const client = this.#client;
    if (client?.isReady !== true) throw new Error("there is no connection to it");
    if ((await this.#inTime(client, () => client.ping())) === undefined) throw new Error("it doesn't answer");
    return new URL(this.#url).host;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#client?.isOpen) this.#client.destroy();
  }

  async #connect(): Promise<void> {
    const client = await clientFor(this.#url);
    if (this.#isClosed) return;
    this.#client = client;
    client.on("ready", () => this.#changed());
    client.on("end", () => this.#changed());
    // Each attempt to connect that fails is one; that it is away is said once.
    client.on("error", (error: unknown) => this.#changed(error));
    await client.connect();
  }

  async #inTime<Answer>(
    client: Client,
    question: (client: Client) => Promise<Answer>,
  ): Promise<{ answer: Answer } | undefined> {
    const late = Promise.withResolvers<"late">();
    // What has arrived while the process was busy is read before an immediate runs.
    const timer = setTimeout(() => setImmediate(() => late.resolve("late")), this.#patienceMs);
    try {
      const asked = question(client).then((answer) => ({ answer }));
      asked.catch(() => {});
      const outcome = await Promise.race([asked, late.promise]);
      if (outcome !== "late") return outcome;
      this.#fallSilent(client);
      return undefined;
    } catch (error) {
      this.#changed(error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #fallSilent(client: Client): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#changed(new Error(`no answer in ${this.#patienceMs} ms`));
    const askAgain = async (): Promise<void> => {
      if (this.#isClosed) return;
      this.#isSilent = (await this.#inTime(client, () => client.ping())) === undefined;
      if (this.#isSilent) setTimeout(() => void askAgain(), askAgainMs).unref();
      else this.#changed();
    };
    setTimeout(() => void askAgain(), askAgainMs).unref();
  }

  /** Says once that it is away, and once that it is back. */
  #changed(error?: unknown): void {
    const { isUp } = this;
    // Before the first connection stands, or fails, nothing has changed.
    const isNew = this.#wasUp === undefined ? isUp || error !== undefined : isUp !== this.#wasUp;
    if (!isNew || this.#isClosed) return;
    this.#wasUp = isUp;
    if (!isUp) this.#log.warn({ err: error }, "Redis is away: each process goes on by itself");
    else {
      this.#log.info("Redis answers");
      for (const listener of this.#listeners) listener();
    }
  }
}

/** Loaded where there is a Redis only: it takes longer than most of what a server begins with. */
async function clientFor(url: string) {
  const { createClient } = await import("@redis/client");
  return createClient({
    url,
    // What every server of this kind speaks.
    RESP: 2,
    name: "zhanggui",
    // Nobody waits for a connection: what can't be asked now is done otherwise.
    disableOfflineQueue: true,
    pingInterval: 5_000,
    socket: {
      connectTimeout: 2_000,
      reconnectStrategy: (retries) => Math.min(longestPauseMs, 50 * 2 ** Math.min(retries, 10)) + Math.random() * 50,
    },
  });
}
