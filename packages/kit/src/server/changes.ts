/** Entries of an announcement that tell of changed tables; the others name queues. */
const mark = "changed ";
/** What a statement writes to. Names of tables have an underscore, behind their module. */
const writes = /\b(?:insert\s+into|update|delete\s+from|merge\s+into)\s+(?:only\s+)?"?([a-z]\w*_\w+)/gi;
/** A function of the database that writes events. */
const emits = /\bkit_emit\(/;
/** Statements are few; whoever builds them with values in their text would make as many as there are values. */
const mostKnown = 2_000;
/** A longer one is an insert of many rows, another one for each number of them: it is read each time. */
const longestKnown = 20_000;
/** Of so many tenants' lists it is kept when they last changed; of the others, that it isn't known. */
const mostHeard = 10_000;

interface Listener {
  readonly prefix: string;
  readonly hear: () => void;
}

/**
 * Who wants to know that rows of a tenant have changed, and what has. It is known to this process at once, and to the
 * others by the announcements that the queues make anyway: nothing of it waits for a statement.
 */
export class Changes {
  readonly #listeners = new Map<string, Set<Listener>>();
  /** What is to be told to other processes; each once, however often it happened meanwhile. */
  readonly #untold = new Set<string>();
  readonly #wanted = new Set<string>();
  readonly #tell: () => void;
  /** When rows last changed, by tenant and prefix, the latest last, in `performance.now()` milliseconds. */
  readonly #heardAt = new Map<string, number>();
  /** Since when all is heard of which `#heardAt` says nothing. */
  #hearsSince = performance.now();

  /** @param tell asked when there is something to tell; `untold` takes it */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** Tables whose names begin so (with one of several, told apart by `|`) are of interest to somebody: what is written to others isn't noted. */
  want(prefix: string): void {
    this.#wanted.add(prefix);
  }

  /** A transaction that wrote to these tables has committed. */
  note(tenantId: string, tables: Iterable<string>): void {
    for (const prefix of this.#prefixesOf([...tables])) {
      const entry = `${mark}${tenantId} ${prefix}`;
      this.#hear(tenantId, prefix);
      if (this.#untold.has(entry)) continue;
      this.#untold.add(entry);
      this.#tell();
    }
  }

  /** Takes what is to be told. */
  untold(): string[] {
    const entries = [...this.#untold];
    this.#untold.clear();
    return entries;
  }

  /** An entry of another process's announcement; false if it is none of these. */
  heard(entry: string): boolean {
    if (!entry.startsWith(mark)) return false;
    const [tenantId = "", prefix = ""] = entry.slice(mark.length).split(" ");
    this.#hear(tenantId, prefix);
    return true;
  }

  /** What was told meanwhile was not heard: anything may have changed. */
  heardNothing(): void {
    this.#hearsSince = performance.now();
    this.#heardAt.clear();
    for (const listeners of this.#listeners.values()) for (const { hear } of listeners) hear();
  }

  /**
   * Yields when rows in the tenant's tables of this prefix have changed, until `signal` is aborted. What changes while
   * nobody asks for the next one is one change.
   */
  async *of(tenantId: string, prefix: string, signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    let next = Promise.withResolvers<void>();
    const hear = (): void => next.resolve();
    const listener = { prefix, hear };
    const listeners = this.#listeners.get(tenantId) ?? new Set();
    this.#listeners.set(tenantId, listeners.add(listener));
    signal.addEventListener("abort", hear, { once: true });
    try {
      while (!signal.aborted) {
        await next.promise;
        next = Promise.withResolvers();
        if (signal.aborted) return;
        yield;
      }
    } finally {
      signal.removeEventListener("abort", hear);
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(tenantId);
    }
  }

  /** For how many milliseconds nothing has changed in the tenant's tables of this prefix, as far as is known. */
  quietMs(tenantId: string, prefix: string): number {
    return Math.floor(performance.now() - (this.#heardAt.get(`${tenantId} ${prefix}`) ?? this.#hearsSince));
  }

  /** How many listen: for measurements and tests. */
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #hear(tenantId: string, prefix: string): void {
    const list = `${tenantId} ${prefix}`;
    this.#heardAt.delete(list);
    this.#heardAt.set(list, performance.now());
    const [oldest] = this.#heardAt;
    if (this.#heardAt.size > mostHeard && oldest !== undefined) {
      [, this.#hearsSince] = oldest;
      this.#heardAt.delete(oldest[0]);
    }
    for (const { prefix: wanted, hear } of this.#listeners.get(tenantId) ?? []) if (wanted === prefix) hear();
  }

  #prefixesOf(tables: readonly string[]): string[] {
    return [...this.#wanted].filter((prefix) =>
      prefix.split("|").some((each) => tables.some((table) => table.startsWith(each))),
    );
  }
}

const known = new Map<string, readonly string[]>();

/** The tables that a statement writes to: read from its text, once. */
export function tablesWritten(text: string): readonly string[] {
  const before = known.get(text);
  if (before !== undefined) return before;
  const tables = [...new Set([...text.matchAll(writes)].map(([, table = ""]) => table))];
  if (emits.test(text)) tables.push("kit_event");
  if (text.length > longestKnown) return tables;
  if (known.size >= mostKnown) known.clear();
  known.set(text, tables);
  return tables;
}
