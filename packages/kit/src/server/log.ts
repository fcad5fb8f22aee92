import { pino, type Logger } from "pino";

export type { Logger } from "pino";

/** Names of fields that never reach a log, wherever they stand in what is logged. */
const secretFields = [
  "password",
  "secret",
  "appSecret",
  "accessToken",
  "access_token",
  "refreshToken",
  "token",
  "authorization",
  "cookie",
  "encodingAesKey",
  "setupToken",
  "jwt",
];

/** JSON lines on standard output, for whatever collects them. Secrets are struck out one to three levels deep. */
export function createLog(level: string, destination?: { write(line: string): void }): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const options = { level, base: null, redact: { paths, censor: "[struck out]" }, messageKey: "message" };
  return destination === undefined ? pino(options) : pino(options, destination);
}
