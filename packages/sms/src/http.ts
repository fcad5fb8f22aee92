import type { Sent } from "./provider.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** An answer is a few hundred bytes a number. */
const mostBytes = 2_000_000;

/** Posts; a redirect is followed nowhere, for a signature holds for one host. @throws Error as `fetch` */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer<ArrayBuffer>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body ?? []) {
    length += chunk.length;
    if (length > mostBytes) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return { status: answer.status, headers: answer.headers, body: Buffer.concat(chunks) };
}

/** Errors of a connection that never came about: nobody heard the call. */
const unreached: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What a call came to that brought no answer. */
export function outcomeOfError(error: unknown): Extract<Sent, { kind: "unreached" | "unknown" }> {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  const message = cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
  return { kind: unreached.has(code) ? "unreached" : "unknown", reason: message.slice(0, 200) };
}

/**
 * What an HTTP status means where the body is none of the carrier's: 429 and 503 say that nothing was done; any other
 * may have come from something in between, after the work.
 */
export function outcomeOfStatus(status: number): Extract<Sent, { kind: "refused" | "unknown" }> {
  const code = `HTTP ${status}`;
  if (status === 429 || status === 503) return { kind: "refused", why: "busy", code, message: code };
  return { kind: "unknown", reason: code };
}

export function parseJson(body: string | Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** `2026-11-30 08:03:04` in China, as carriers tell times; what isn't one is `now`. */
export function chinaInstant(text: string, now: Date): Date {
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)$/.exec(text);
  const at = parts === null ? NaN : Date.parse(`${parts[1]}T${parts[2]}+08:00`);
  return Number.isNaN(at) ? now : new Date(at);
}

/** Carriers tell numbers of the mainland without their country. */
export function international(number: string, country = "86"): string {
  return number.startsWith("+") ? number : `+${country}${number}`;
}
