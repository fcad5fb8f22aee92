/** Somebody who keeps something of the database in memory, and is told when it has changed there. */
export interface Hearer {
  /** It has changed: what, in the words of whoever told it. */
  hear(what: string): void;
  /** What was told meanwhile was not heard: all of it may have changed. */
  missed(): void;
}

/**
 * What processes tell each other besides new work, on the connection that all of them listen on anyway: a word that
 * says who it is for, and what. Triggers of tables tell it with the transaction that changes them; `Runtime.tell` for
 * what is in no table. A connection that breaks is made anew, and then everybody hears that they may have missed
 * something.
 *
 * ```sql
 * PERFORM pg_notify('kit_queue', '["maintenance"]');
 * ```
 */
export class Told {
  readonly #hearers = new Map<string, Hearer>();

  /** @throws Error for a word that somebody else listens to */
  on(word: string, hearer: Hearer): void {
    // Names of queues have a dot.
    if (!/^[a-z]+$/.test(word)) throw new Error(`${word} is no word to listen to`);
    if (this.#hearers.has(word)) throw new Error(`somebody listens to ${word} already`);
    this.#hearers.set(word, hearer);
  }

  /** An entry of an announcement; false if nobody listens to its first word. */
  heard(entry: string): boolean {
    const space = entry.indexOf(" ");
    const hearer = this.#hearers.get(space === -1 ? entry : entry.slice(0, space));
    hearer?.hear(space === -1 ? "" : entry.slice(space + 1));
    return hearer !== undefined;
  }

  missed(): void {
    for (const hearer of this.#hearers.values()) hearer.missed();
  }
}
