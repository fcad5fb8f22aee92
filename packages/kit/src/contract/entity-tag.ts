import { preconditionFailed } from "./faults.ts";

/** The version of a thing that the caller has seen, as If-Match names it (RFC 9110 §13.1.1). */
export class EntityTag {
  readonly #tags: readonly string[] | "any";

  constructor(tags: readonly string[] | "any") {
    this.#tags = tags;
  }

  /** Whether the caller has seen this version. */
  matches(version: string | number): boolean {
    return this.#tags === "any" || this.#tags.includes(String(version));
  }

  /** What it is told apart by where a request is written down. */
  toJSON(): readonly string[] | "any" {
    return this.#tags;
  }

  /** @throws Fault `kit.precondition_failed` unless the caller has seen this version */
  demand(version: string | number): void {
    if (!this.matches(version)) throw preconditionFailed();
  }
}

export function writeEntityTag(version: string | number): string {
  return `"${version}"`;
}

/**
 * Reads If-Match: `*`, or a list of tags. A weak tag matches nothing here, as the RFC says.
 *
 * @returns undefined for what is neither
 */
export function readEntityTags(header: string): EntityTag | undefined {
  if (header.trim() === "*") return new EntityTag("any");
  const tags = [...header.matchAll(/\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/gy)];
  if (tags.length === 0 || tags.map(([whole]) => whole).join("") !== header) return undefined;
  return new EntityTag(tags.filter(([, weak]) => weak === undefined).map(([, , tag]) => tag ?? ""));
}
