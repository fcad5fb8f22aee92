import type { Ctx } from "./ctx.ts";
import { LruMap } from "./lru.ts";
import type { Metrics } from "./metrics.ts";
import type { Secrets } from "./secrets.ts";
import { SharedEntries } from "./shared-entries.ts";
import type { SharedStore } from "./redis-store.ts";

export interface CachePolicy<Key> {
  /** How long what was read holds if nobody says that it has changed: more or less, so that not all ends at once. */
  readonly ttlMs: number;
  /** The same for what wasn't there. */
  readonly missTtlMs?: number;
  /** Of all tenants, in each process; what was used least recently goes first. */
  readonly max: number;
  /** Tells one thing from another; left out, the key is a text that does. */
  readonly keyOf?: (key: Key) => string;
  /** Whether processes share it, in Redis, where there is one; values are JSON then, and lie sealed there. */
  readonly store: "process" | "shared";
}

/** What of a module is kept in memory, under which policy. Declared once, in its `<m>.caches.ts`. */
export interface CacheDefinition<Key, Value> extends CachePolicy<Key> {
  /** `<module>.<what>`. */
  readonly name: string;
  /** Only there for the compiler. */
  readonly value?: Value;
}

/**
 * Declares a cache. It is read through: whoever asks says how it is read, and of many who ask at once one reads. What
 * is kept is one tenant's, and the same for everybody there: nothing that depends on who asks.
 *
 * ```ts
 * export const personNames = cache<string, string>("audience.names", { ttlMs: 600_000, max: 50_000, store: "shared" });
 * const name = await runtime.caches.of(personNames).get(ctx, personId, () => this.#read(ctx, personId));
 * ```
 *
 * What has changed is forgotten in every process, with the transaction that changed it: by a trigger,
 * `kit_forget_cached('audience.names', 'id')`, or by `forget`.
 */
export function cache<Key, Value>(
  name: `${string}.${string}`,
  policy: CachePolicy<Key> & (Key extends string ? object : { readonly keyOf: (key: Key) => string }),
): CacheDefinition<Key, Value> {
  if (!/^[a-z]+\.\w+$/.test(name)) throw new Error(`${name} is no name of a cache`);
  return { name, ...policy };
}

interface Entry {
  readonly value: unknown;
  readonly untilMs: number;
}
/** Something that is being read: given to whoever waits, but kept only if it hasn't changed meanwhile. */
interface Flight {
  readonly value: Promise<unknown>;
  isOld: boolean;
}
type Outcome = "hit" | "shared" | "joined" | "miss";
interface Surroundings {
  readonly metrics: Metrics;
  readonly secrets: Secrets;
  readonly store: SharedStore | undefined;
}

/** All caches of a process. */
export class Caches {
  readonly #around: Surroundings;
  readonly #caches = new Map<string, { definition: object; cache: Cache<never, unknown> }>();
  readonly #requests;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#requests = around.metrics.counter({
      name: "zg_cache_requests_total",
      help: "What was asked of a cache: kept here (hit) or in Redis (shared), being read already (joined), read (miss)",
      labels: ["cache", "outcome"],
    });
    around.metrics.gauge({ name: "zg_cache_entries", help: "What a cache keeps here", labels: ["cache"] }, () =>
      [...this.#caches].map(([name, { cache }]) => ({ labels: { cache: name }, value: cache.size })),
    );
  }

  /** @throws Error for another cache of the same name */
  of<Key, Value>(definition: CacheDefinition<Key, Value>): Cache<Key, Value> {
    const { name } = definition;
    const known = this.#caches.get(name);
    if (known !== undefined && known.definition !== definition) throw new Error(`there is a cache ${name} already`);
    const count = (outcome: Outcome, times: number): void => this.count(name, outcome, times);
    const cache = known?.cache ?? new Cache<Key, Value>(definition, this.#around, count);
    this.#caches.set(name, { definition, cache: cache as Cache<never, unknown> });
    return cache as Cache<Key, Value>;
  }

  /** For what is kept in a way of its own, and counted like the others. */
  count(cache: string, outcome: Outcome, times = 1): void {
    if (times > 0) this.#requests.add({ cache, outcome }, times);
  }

  /** `<cache> <tenant> <key>`, as it was told. */
  hear(what: string): void {
    const [, name = "", place = ""] = /^(\S+) (.*)$/s.exec(what) ?? [];
    this.#caches.get(name)?.cache.heard(place);
  }

  /** What has changed meanwhile, nobody knows. In Redis others have forgotten it. */
  missed(): void {
    for (const { cache } of this.#caches.values()) cache.dropAll();
  }
}

/** What is kept of one kind. */
export class Cache<Key, Value> {
  readonly #definition: CacheDefinition<Key, Value>;
  readonly #entries: LruMap<string, Entry>;
  readonly #flights = new Map<string, Flight>();
  readonly #count: (outcome: Outcome, times: number) => void;
  readonly #shared: SharedEntries | undefined;

  constructor(
    definition: CacheDefinition<Key, Value>,
    { store, secrets }: Surroundings,
    count: (outcome: Outcome, times: number) => void,
  ) {
    this.#definition = definition;
    this.#entries = new LruMap(definition.max);
    this.#count = count;
    const isShared = definition.store === "shared" && store !== undefined;
    this.#shared = isShared ? new SharedEntries(definition.name, store, secrets, definition.ttlMs) : undefined;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param load reads it; undefined for what isn't there */
  async get(ctx: Ctx, key: Key, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const found = await this.getMany(ctx, [key], async () => {
      const value = await load();
      return new Map(value === undefined ? [] : [[key, value]]);
    });
    return found.get(key);
  }

  /**
   * Several at once, of which those that nobody has are read by one `load`. A transaction reads for itself: it may have
   * changed what is kept, and what it has changed isn't so before it is committed.
   *
   * @returns what is there
   */
  async getMany(
    ctx: Ctx,
    keys: readonly Key[],
    load: (missing: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
  ): Promise<ReadonlyMap<Key, Value>> {
    if ("emit" in ctx) return load(keys);
    const asked = new Map(keys.map((key) => [this.#place(ctx, key), key]));
    const missing = new Map([...asked].filter(([place]) => !this.#isKept(place) && !this.#flights.has(place)));
    const joined = [...asked.keys()].filter((place) => this.#flights.has(place)).length;
    this.#count("joined", joined);
    this.#count("hit", asked.size - missing.size - joined);
    // Taken before anything is awaited: what is kept may go meanwhile.
    const kept = [...asked].flatMap(([place, key]) => {
      const entry = this.#flights.has(place) || missing.has(place) ? undefined : this.#entries.get(place);
      return entry === undefined ? [] : [[key, entry.value] as const];
    });
    if (missing.size > 0) this.#depart(missing, load);
    const flying = [...asked].flatMap(([place, key]) => {
      const flight = this.#flights.get(place);
      return flight === undefined ? [] : [flight.value.then((value) => [key, value] as const)];
    });
    const found = [...kept, ...(await Promise.all(flying))];
    return new Map(found.filter(([, value]) => value !== undefined) as [Key, Value][]);
  }

  /**
   * Forgotten by every process: at once by this one, by the others with the transaction that the ctx may be in, or
   * within a moment.
   */
  async forget(ctx: Ctx, key: Key): Promise<void> {
    const place = this.#place(ctx, key);
    const told = JSON.stringify([`cache ${this.#definition.name} ${place}`]);
    await ctx.sql`SELECT FROM pg_notify('kit_queue', ${told})`;
    this.heard(place);
  }

  /** The same where a trigger tells it: whoever has just changed it and committed needn't wait until that is heard. */
  drop(ctx: Ctx, key: Key): void {
    this.heard(this.#place(ctx, key));
  }

  /** A place is forgotten: by this process, and by what processes share. */
  heard(place: string): void {
    this.#dropHere(place);
    this.#shared?.forget(place);
  }

  dropAll(): void {
    this.#entries.clear();
    for (const place of this.#flights.keys()) this.#dropHere(place);
  }

  #dropHere(place: string): void {
    this.#entries.delete(place);
    const flight = this.#flights.get(place);
    if (flight !== undefined) flight.isOld = true;
    this.#flights.delete(place);
  }

  #place({ tenantId }: Ctx, key: Key): string {
    return `${tenantId} ${this.#definition.keyOf?.(key) ?? String(key)}`;
  }

  #isKept(place: string): boolean {
    const entry = this.#entries.get(place);
    return entry !== undefined && entry.untilMs > performance.now();
  }

  /** Begins to read what is missing; whoever asks for it meanwhile waits for the same. */
  #depart(missing: ReadonlyMap<string, Key>, load: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>): void {
    const own = new Map<string, Flight>();
    const read = this.#read(missing, load, own);
    for (const [place, key] of missing) {
      const flight: Flight = { value: read.then((values) => values.get(key)), isOld: false };
      own.set(place, flight);
      this.#flights.set(place, flight);
      flight.value.then(
        (value) => this.#arrive(place, flight, value),
        () => this.#arrive(place, flight),
      );
    }
  }

  #arrive(place: string, flight: Flight, ...arrived: [value?: unknown]): void {
    if (flight.isOld) return;
    this.#flights.delete(place);
    // One that failed is asked for anew.
    if (arrived.length === 0) return;
    const [value] = arrived;
    const { ttlMs, missTtlMs = Math.min(ttlMs, 10_000) } = this.#definition;
    const untilMs = performance.now() + jittered(value === undefined ? missTtlMs : ttlMs);
    this.#entries.set(place, { value, untilMs });
  }

  async #read(
    missing: ReadonlyMap<string, Key>,
    load: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
    flights: ReadonlyMap<string, Flight>,
  ): Promise<ReadonlyMap<Key, Value>> {
    const shared = await this.#shared?.read([...missing.keys()]);
    const found = new Map<Key, Value>();
    const left = new Map(missing);
    for (const [place, value] of shared?.found ?? []) {
      const key = missing.get(place);
      if (key === undefined) continue;
      found.set(key, value as Value);
      left.delete(place);
    }
    this.#count("shared", found.size);
    this.#count("miss", left.size);
    if (left.size === 0) return found;
    const loaded = await load([...left.values()]);
    for (const [place, key] of left) {
      const value = loaded.get(key);
      if (value === undefined) continue;
      found.set(key, value);
      if (flights.get(place)?.isOld === false) shared?.keep(place, value, jittered(this.#definition.ttlMs));
    }
    return found;
  }
}

function jittered(ms: number): number {
  return Math.round(ms * (0.9 + 0.2 * Math.random()));
}
