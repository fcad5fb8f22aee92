import { ReadableStream } from "node:stream/web";
import { explainErrcode } from "./errcodes.ts";
import type { ErrcodeKind } from "./errcodes.ts";
import { parseReplyJson } from "./json.ts";
import { multipartOf } from "./upload.ts";
import type { Upload } from "./upload.ts";

/** WeChat answered with an errcode: what was asked was not done (but `busy`: unknown for a write). */
export class WechatError extends Error {
  readonly errcode: number;
  readonly errmsg: string;
  /** WeChat's id of the request, to quote in questions to its support. */
  readonly rid: string | undefined;
  readonly kind: ErrcodeKind;
  /** The whole answer: some refusals tell more, e.g. 45065 the message that was sent before. */
  readonly answer: unknown;

  constructor(path: string, errcode: number, errmsg: string, answer: unknown = {}) {
    super(`${path}: ${errcode} ${errmsg}`);
    this.name = "WechatError";
    this.errcode = errcode;
    this.errmsg = errmsg;
    this.rid = /\brid:\s*([0-9A-Za-z-]+)/.exec(errmsg)?.[1];
    this.kind = explainErrcode(errcode).kind;
    // Not with whatever prints the error: it may repeat the token.
    Object.defineProperty(this, "answer", { value: answer, enumerable: false });
  }
}

/**
 * `connect` nothing was written; `timeout`, `reset` an answer never came; `status`, `unreadable`, `unexpected` a wrong
 * one did.
 */
export type NetworkFailure = "connect" | "timeout" | "reset" | "status" | "unreadable" | "unexpected";

/**
 * No usable answer came. `sent` says what a caller of a write must know: `no`, it can't have been done and may be
 * repeated; `maybe`, its outcome is unknown.
 */
export class WechatUnreachable extends Error {
  readonly sent: "no" | "maybe";
  readonly reason: NetworkFailure;

  constructor(path: string, reason: NetworkFailure, detail: string) {
    super(`${path}: ${reason}: ${detail}`);
    this.name = "WechatUnreachable";
    this.reason = reason;
    this.sent = reason === "connect" ? "no" : "maybe";
  }
}

export interface CallLog {
  readonly method: string;
  /** Without the query, which holds the access token. */
  readonly path: string;
  readonly durationMs: number;
  readonly outcome: "ok" | "refused" | "unreachable";
  readonly errcode?: number;
  readonly rid?: string | undefined;
  readonly sent?: "no" | "maybe";
}

export interface Exchange {
  readonly apiUrl: string;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  readonly method: "GET" | "POST";
  /** From the host's root, e.g. `/cgi-bin/user/info`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly upload?: Upload | undefined;
  /** Texts (token, secret) that no error may repeat. */
  readonly secrets: readonly string[];
  readonly log?: ((entry: CallLog) => void) | undefined;
}

/** More than WeChat ever answers: its largest are videos of 10 MB. Ours. */
const largestAnswerBytes = 32 * 1_048_576;

/**
 * Sends one request and returns the JSON of an answer without error, or `{ contentType, fileName, bytes }` of one that
 * is a file. Throws WechatError or WechatUnreachable.
 */
export async function exchange(request: Exchange): Promise<unknown> {
  const startedMs = performance.now();
  const record = (entry: Pick<CallLog, "outcome" | "errcode" | "rid" | "sent">): void => {
    const durationMs = Math.round(performance.now() - startedMs);
    request.log?.({ method: request.method, path: request.path, durationMs, ...entry });
  };
  try {
    const reply = await send(request);
    record({ outcome: "ok" });
    return reply;
  } catch (error) {
    if (error instanceof WechatError) record({ outcome: "refused", errcode: error.errcode, rid: error.rid });
    if (error instanceof WechatUnreachable) record({ outcome: "unreachable", sent: error.sent });
    throw error;
  }
}

async function send(request: Exchange): Promise<unknown> {
  const { apiUrl, fetch, timeoutMs, method, path, query, secrets } = request;
  const url = new URL(apiUrl.replace(/\/$/, "") + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const unreachable = (reason: NetworkFailure, detail: string): WechatUnreachable =>
    new WechatUnreachable(path, reason, redact(detail, secrets));
  let response: Response;
  let bytes: Buffer | undefined;
  try {
    response = await fetch(url, {
      method,
      ...contentOf(request),
      // A redirect would carry the token to wherever it points.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    bytes = await bytesOf(response);
  } catch (error) {
    const { reason, detail } = classify(error);
    throw unreachable(reason, detail);
  }
  const { status } = response;
  if (bytes === undefined) throw unreachable("unexpected", `more than ${largestAnswerBytes} bytes`);
  const contentType = response.headers.get("content-type") ?? "";
  if (status === 200 && isFile(contentType)) return { contentType, fileName: fileNameOf(response), bytes };
  let reply: unknown;
  try {
    reply = parseReplyJson(bytes.toString());
  } catch {
    const reason = status === 200 ? "unreadable" : "status";
    throw unreachable(reason, `HTTP ${status}, ${bytes.length} bytes that are not JSON`);
  }
  const { errcode, errmsg } = errorOf(reply);
  if (errcode !== 0) throw new WechatError(path, errcode, redact(errmsg, secrets), reply);
  if (status !== 200) throw unreachable("status", `HTTP ${status}`);
  return reply;
}

/** What a request carries: nothing, JSON, or a file that is streamed. */
function contentOf({ body, upload }: Exchange): RequestInit {
  if (upload === undefined)
    return body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const { contentType, contentLength, body: stream } = multipartOf(upload);
  const headers = { "content-type": contentType, "content-length": String(contentLength) };
  return { body: ReadableStream.from(stream), headers, duplex: "half" };
}

/** Undefined when it is longer than any answer of WeChat's. */
async function bytesOf(response: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > largestAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** WeChat says `text/plain` of some of its JSON, and `image/jpeg`, `audio/amr`, `application/octet-stream` of files. */
function isFile(contentType: string): boolean {
  return /^(?:image|audio|voice|video)\/|^application\/octet-stream\b/i.test(contentType);
}

function fileNameOf(response: Response): string | undefined {
  return /filename="?([^";]+)/i.exec(response.headers.get("content-disposition") ?? "")?.[1];
}

function errorOf(reply: unknown): { errcode: number; errmsg: string } {
  if (typeof reply !== "object" || reply === null || !("errcode" in reply)) return { errcode: 0, errmsg: "" };
  const errmsg = "errmsg" in reply && typeof reply.errmsg === "string" ? reply.errmsg : "";
  return { errcode: Number(reply.errcode), errmsg };
}

/** Failures to connect: nothing of the request was written. All others may have come after WeChat had read it. */
const beforeSending = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function classify(error: unknown): { reason: NetworkFailure; detail: string } {
  if (error instanceof DOMException && error.name === "TimeoutError")
    return { reason: "timeout", detail: "no answer in time" };
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  // Several addresses of one host are tried in turn; each attempt has its own error.
  const attempts = cause instanceof AggregateError && cause.errors.length > 0 ? (cause.errors as unknown[]) : [cause];
  const codes = attempts.map(codeOf);
  if (codes.every((one) => one !== undefined && beforeSending.has(one)))
    return { reason: "connect", detail: codes.join(", ") };
  return { reason: "reset", detail: codes.map((one) => one ?? "unknown").join(", ") };
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error) || typeof error.code !== "string")
    return undefined;
  // The same code names a connection never made and one that died later.
  const isConnecting = "syscall" in error && error.syscall === "connect";
  return error.code === "ETIMEDOUT" && isConnecting ? "UND_ERR_CONNECT_TIMEOUT" : error.code;
}

function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== "")
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((redacted, secret) => redacted.replaceAll(secret, "[redacted]"), text);
}
