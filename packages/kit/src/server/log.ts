import { pino, type Logger } from "pino";

export type { Logger } from "pino";

/** Names of fields that hold secrets, in whatever case and wherever they stand. */
const secretField =
  /pass(word|wd|phrase)?|secret|token|cookie|authorization|api_?key|aes_?key|secret_?key|database_?url|smtp_?url/i;
/** The user and password in an address. */
const credentials = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const deepest = 8;

/** JSON lines on standard output, for whatever collects them. Secrets are struck out, at any depth. */
export function createLog(level: string, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    messageKey: "message",
    // The formatter has told errors already.
    serializers: { err: (told: unknown) => told },
    formatters: { log: (fields: Record<string, unknown>) => redact(fields, deepest) as Record<string, unknown> },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.replaceAll(credentials, "$1[redacted]@");
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  if (value instanceof Error) return serializeError(value, depth);
  if (depth === 0) return "[too deep]";
  if (Array.isArray(value)) return value.map((each) => redact(each, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const hidden = secretField.test(name) && inner !== null && inner !== undefined;
      return [name, hidden ? "[redacted]" : redact(inner, depth - 1)];
    }),
  );
}

/** An error with what it carries and its causes. */
function serializeError(error: Error, depth: number): unknown {
  const deeper = Math.max(depth - 1, 0);
  return {
    type: error.name,
    message: redact(error.message, depth),
    stack: redact(error.stack, depth),
    ...(redact(Object.fromEntries(Object.entries(error)), deeper) as Record<string, unknown>),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, deeper) }),
  };
}
