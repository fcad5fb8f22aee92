import { pino, type Logger, type LoggerOptions } from "pino";
import { mask, redacted, secretName } from "./mask.ts";

export type { Logger } from "pino";

/** What is logged stays a log line: deeper, longer and wider than this is cut. */
const deepest = 8;
const longestText = 20_000;
const widest = 200;

/**
 * JSON lines on standard output, for whatever collects them. Secrets are redacted by their field's name, at any depth;
 * passwords, tokens, phone numbers, mail addresses and WeChat ids are masked in every text: messages, errors, stacks.
 */
export function createLog(level: string, destination?: { write(line: string): void }): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    messageKey: "message",
    // The formatter has serialized errors already.
    serializers: { err: (serialized: unknown) => serialized },
    formatters: { log: (fields) => redact(fields) as Record<string, unknown> },
    hooks: {
      logMethod(words, method) {
        method.apply(this, safeWords(words) as Parameters<typeof method>);
      },
    },
  };
  const log = destination === undefined ? pino(options) : pino(options, destination);
  const { child } = log;
  // The formatter doesn't see what a child logger always carries.
  log.child = function redacting(this: Logger, fields: Record<string, unknown>, ...rest: []) {
    return child.call(this, redact(fields) as Record<string, unknown>, ...rest);
  } as typeof log.child;
  return log;
}

/** What is handed to a log method: fields or an error first, then the message and what it is filled with. */
function safeWords([first, ...rest]: readonly unknown[]): unknown[] {
  // Without a message pino takes the error's, as it is.
  const bare = rest.length === 0;
  if (first instanceof Error) return [{ err: first }, ...(bare ? [maskText(first.message)] : rest.map(redact))];
  const err = first !== null && typeof first === "object" && "err" in first ? first.err : undefined;
  if (bare && err instanceof Error) return [first, maskText(err.message)];
  return [typeof first === "string" ? maskText(first) : first, ...rest.map(redact)];
}

/** A copy of `value` that may be written down. */
export function redact(value: unknown): unknown {
  return copy(value, []);
}

function maskText(text: string): string {
  return text.length > longestText ? `${mask(text.slice(0, longestText))}[… ${text.length} characters]` : mask(text);
}

/** @param above the objects that hold this one: a circle ends there */
function copy(value: unknown, above: readonly object[]): unknown {
  if (typeof value === "string") return maskText(value);
  if (value === null || typeof value !== "object") return value;
  if (above.includes(value)) return "[circular]";
  if (above.length >= deepest) return "[too deep]";
  if (value instanceof Error) return copyError(value, above);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return copyFields(Object.fromEntries(value), [...above, value]);
  const inside = [...above, value];
  if (Array.isArray(value) || value instanceof Set) return copyItems([...value], inside);
  if ("toJSON" in value && typeof value.toJSON === "function") return copy(value.toJSON(), inside);
  return copyFields(value, inside);
}

function copyItems(items: readonly unknown[], inside: readonly object[]): unknown[] {
  const copied = items.slice(0, widest).map((item) => copy(item, inside));
  if (items.length > widest) copied.push(`[… ${items.length} items]`);
  return copied;
}

function copyFields(value: object, inside: readonly object[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  let count = 0;
  for (const name of Object.keys(value)) {
    if (++count > widest) {
      fields["…"] = `[${Object.keys(value).length} fields]`;
      break;
    }
    const inner = (value as Record<string, unknown>)[name];
    const shown = shownName(name);
    if (shown === undefined) fields[name] = inner === null || inner === undefined ? inner : redacted;
    else if (typeof inner === "number") fields[shown] = maskNumber(inner);
    else fields[shown] = copy(inner, inside);
  }
  return fields;
}

/** A phone number may be a number. */
function maskNumber(number: number): number | string {
  if (number < 1.3e10 || number > 2e10) return number;
  const text = mask(String(number));
  return text.includes("*") ? text : number;
}

const shownNames = new Map<string, string | undefined>();

/** The name of a field as the log has it; undefined for one that holds a secret. */
function shownName(name: string): string | undefined {
  let shown = shownNames.get(name);
  if (shown === undefined && !shownNames.has(name)) {
    shown = secretName.test(name) ? undefined : mask(name);
    // Names repeat from line to line, but may also be keys of somebody's payload: a full memory is emptied.
    if (shownNames.size >= 5_000) shownNames.clear();
    shownNames.set(name, shown);
  }
  return shown;
}

function copyError(error: Error, above: readonly object[]): Record<string, unknown> {
  const inside = [...above, error];
  const { cause } = error;
  return {
    type: error.name,
    message: maskText(error.message),
    stack: maskText(error.stack ?? ""),
    ...copyFields(error, inside),
    ...(cause === undefined ? {} : { cause: copy(cause, inside) }),
    ...(error instanceof AggregateError ? { errors: copyItems(error.errors as unknown[], inside) } : {}),
  };
}
