/**
 * What a push holds, whether it came as XML or JSON: names to texts, groups or lists. Numbers stay texts (64-bit ids).
 */
export interface Fields {
  readonly [name: string]: FieldValue;
}

export type FieldValue = string | Fields | readonly FieldValue[];

/** Why a body can't be read. `entities` covers document types too: both are how XML bombs and file disclosure start. */
export type ParseFailure = "malformed" | "entities" | "too_large";

export class ParseError extends Error {
  readonly reason: ParseFailure;

  constructor(reason: ParseFailure, message: string) {
    super(message);
    this.name = "ParseError";
    this.reason = reason;
  }
}

/**
 * Bounds of what we read; ours, not WeChat's. A text message is at most a few kilobytes and a compatible-mode push
 * about three times its message, so these leave room and still keep a hostile body cheap.
 */
export const parseLimits = { bytes: 262_144, depth: 8, elements: 1_000 } as const;

/** The field's text, or undefined when it is absent or not a text. An empty text is a text. */
export function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** An empty set of fields without a prototype, so that a field named `__proto__` or `constructor` is only a name. */
export function emptyFields(): Record<string, FieldValue> {
  return Object.create(null) as Record<string, FieldValue>;
}

/**
 * UTF-8 bytes to text. Throws ParseError: over the limit, not UTF-8, or with a NUL (no XML has it and no database takes
 * it).
 */
export function decodeBody(bytes: Uint8Array): string {
  if (bytes.byteLength > parseLimits.bytes) throw new ParseError("too_large", `more than ${parseLimits.bytes} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ParseError("malformed", "not UTF-8");
  }
  if (text.includes("\0")) throw new ParseError("malformed", "a NUL character");
  return text;
}
