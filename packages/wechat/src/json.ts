import { emptyFields, ParseError, parseLimits } from "./fields.ts";
import type { Fields, FieldValue } from "./fields.ts";

/** The reviver's third argument (ECMAScript 2026, in Node since 21): the text a primitive was written as. */
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/**
 * Parses a push in JSON. Numbers and truth values become texts as they were written; null is left out. Throws
 * ParseError.
 */
export function parseJsonFields(source: string): Fields {
  assertShallow(source);
  let parsed: unknown;
  try {
    parsed = parseWithSource(source, (_key, value, context) => (typeof value === "number" ? context.source : value));
  } catch {
    throw new ParseError("malformed", "not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ParseError("malformed", "not a JSON object");
  }
  return fieldsOf(parsed);
}

/**
 * Parses an API reply. An integer that a JavaScript number can't hold exactly (a 64-bit `msgid`) becomes the text it
 * was written as; all else is as JSON.parse gives it. Throws SyntaxError.
 */
export function parseReplyJson(source: string): unknown {
  return parseWithSource(source, (_key, value, context) => {
    const isExact = typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value);
    return isExact ? value : context.source;
  });
}

/** Deep nesting is refused before parsing, since reviving recurses and would run out of stack. */
function assertShallow(source: string): void {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') {
      inText = true;
    } else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > parseLimits.depth) throw new ParseError("too_large", `deeper than ${parseLimits.depth} levels`);
    } else if (character === "}" || character === "]") {
      depth -= 1;
    }
  }
}

function fieldsOf(parsed: object): Fields {
  const fields = emptyFields();
  for (const [name, value] of Object.entries(parsed)) {
    const converted = valueOf(value);
    if (converted !== undefined) fields[textOf(name)] = converted;
  }
  return fields;
}

function valueOf(value: unknown): FieldValue | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return textOf(value);
  if (Array.isArray(value)) return value.map(valueOf).filter((one) => one !== undefined);
  if (typeof value === "object") return fieldsOf(value);
  return value === true ? "true" : "false";
}

/** Of names too: one that no database takes would break what is stored together with it. */
function textOf(text: string): string {
  if (text.includes("\0")) throw new ParseError("malformed", "a NUL character");
  return text.toWellFormed();
}
