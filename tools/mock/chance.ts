import { createHash } from "node:crypto";

/**
 * Chance that is the same every time: what it decides follows from its seed alone. A value is drawn by the name of what
 * it is for, so that one more draw elsewhere changes nothing here.
 */
export class Chance {
  readonly #seed: string;

  constructor(...seed: readonly string[]) {
    this.#seed = seed.join("|");
  }

  of(...name: readonly string[]): Chance {
    return new Chance(this.#seed, ...name);
  }

  /** From 0 up to 1. */
  share(name = ""): number {
    const digest = createHash("sha256").update(`${this.#seed}|${name}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  }

  /** From `low` to `high`, both whole. */
  whole(low: number, high: number, name = ""): number {
    return low + Math.floor(this.share(name) * (high - low + 1));
  }

  pick<Each>(items: readonly Each[], name = ""): Each {
    const item = items[this.whole(0, items.length - 1, name)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** Letters and digits, `length` of them. */
  text(length: number, alphabet = "abcdefghijkmnpqrstuvwxyz23456789"): string {
    const digest = createHash("shake256", { outputLength: length }).update(`${this.#seed}|letters`).digest();
    return Array.from(digest, (byte) => alphabet[byte % alphabet.length]).join("");
  }
}

/** A UUIDv7 (RFC 9562 §5.7) of that time. */
export function idAt(atMs: number, chance: Chance): string {
  const hex = "0123456789abcdef";
  const time = Math.floor(atMs).toString(16).padStart(12, "0");
  const rest = chance.text(18, hex);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6)}`;
}

/** When a UUIDv7 was made; undefined for any other id. */
export function timeOf(id: string): number | undefined {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id) ? Number.parseInt(id.replace("-", "").slice(0, 12), 16) : undefined;
}
