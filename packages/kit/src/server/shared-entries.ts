import { randomUUID } from "node:crypto";
import type { Secrets } from "./secrets.ts";
import type { SharedStore } from "./redis-store.ts";

/** Forgets one, and leaves a mark: what was read before it stood there isn't kept any more. */
const forget = `
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return redis.call('DEL', KEYS[1])`;
const keep = `
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** More than these can't be made up for one by one. */
const mostMissed = 10_000;
/** No reading takes longer: that a place was forgotten is remembered until whatever was read before is over. */
const longestReadingMs = 600_000;

export interface SharedReading {
  readonly found: ReadonlyMap<string, unknown>;
  /** Keeps what was read since, unless it was forgotten meanwhile. */
  keep(place: string, value: unknown, ttlMs: number): void;
}

/** What processes keep of a cache together: sealed, for Redis is no place for customers' names. */
export class SharedEntries {
  readonly #name: string;
  readonly #store: SharedStore;
  readonly #secrets: Secrets;
  readonly #ttlMs: number;
  /** What was to be forgotten while Redis was away: until that is made up for, nothing there is believed. */
  readonly #missed = new Set<string>();
  #distrustUntilMs = 0;
  #isMakingUp = false;

  constructor(name: string, store: SharedStore, secrets: Secrets, ttlMs: number) {
    this.#name = name;
    this.#store = store;
    this.#secrets = secrets;
    this.#ttlMs = ttlMs;
    store.onUp(() => void this.#makeUp());
  }

  /** Undefined while nothing there can be known, or believed. */
  async read(places: readonly string[]): Promise<SharedReading | undefined> {
    if (performance.now() < this.#distrustUntilMs) return undefined;
    if (this.#missed.size > 0) {
      void this.#makeUp();
      return undefined;
    }
    const asked = await this.#store.ask((client) => client.mGet(places.flatMap((place) => this.#keys(place))));
    if (asked === undefined) return undefined;
    const marks = new Map(places.map((place, index) => [place, asked.answer[2 * index + 1] ?? ""]));
    const found = places.flatMap((place, index) => {
      const sealed = asked.answer[2 * index];
      const opened = typeof sealed === "string" ? this.#opened(place, sealed) : undefined;
      return opened === undefined ? [] : [[place, opened.value] as const];
    });
    return {
      found: new Map(found),
      keep: (place, value, ttlMs) => void this.#keep(place, value, ttlMs, marks.get(place) ?? ""),
    };
  }

  forget(place: string): void {
    this.#missed.add(place);
    if (this.#missed.size > mostMissed) {
      // What was kept before is over by then.
      this.#distrustUntilMs = performance.now() + 1.2 * this.#ttlMs;
      this.#missed.clear();
      return;
    }
    void this.#forgetNow(place);
  }

  async #forgetNow(place: string): Promise<void> {
    const keys = this.#keys(place);
    const given = [randomUUID(), String(longestReadingMs)];
    const done = await this.#store.ask((client) => client.eval(forget, { keys, arguments: given }));
    if (done !== undefined) this.#missed.delete(place);
  }

  /** One after the other, until one isn't answered. */
  async #makeUp(): Promise<void> {
    if (this.#isMakingUp) return;
    this.#isMakingUp = true;
    // Those that come meanwhile, too.
    for (const place of this.#missed) {
      await this.#forgetNow(place);
      if (this.#missed.has(place)) break;
    }
    this.#isMakingUp = false;
  }

  async #keep(place: string, value: unknown, ttlMs: number, mark: string): Promise<void> {
    const sealed = this.#secrets.seal(JSON.stringify({ value }), this.#context(place));
    const given = [mark, sealed, String(ttlMs)];
    await this.#store.ask((client) => client.eval(keep, { keys: this.#keys(place), arguments: given }));
  }

  /** Undefined for what was sealed by another key, or isn't what it says. */
  #opened(place: string, sealed: string): { readonly value: unknown } | undefined {
    try {
      return JSON.parse(this.#secrets.open(sealed, this.#context(place))) as { readonly value: unknown };
    } catch {
      return undefined;
    }
  }

  #context(place: string): string {
    return `cache:${this.#name}:${place}`;
  }

  /** Of the value, and of the mark that it was forgotten. */
  #keys(place: string): [value: string, mark: string] {
    const key = this.#store.key(`cache:${this.#name}:${place}`);
    return [key, `${key}:forgotten`];
  }
}
