import type { IncomingMessage } from "node:http";
import { type Egress, Refused } from "@zhanggui/kit/server/egress/egress";
import { send } from "@zhanggui/kit/server/egress/send";

/** How an attempt ended. */
export const outcomes = [
  "accepted",
  "answered",
  "timeout",
  "unresolved",
  "unreachable",
  "insecure",
  "forbidden",
] as const;
export type Outcome = (typeof outcomes)[number];

export interface Answer {
  readonly outcome: Outcome;
  readonly status: number | null;
  readonly tookMs: number;
  /** How the answer began, or what was wrong. */
  readonly excerpt: string;
  /** What its `Retry-After` asks for (RFC 9110 §10.2.3). */
  readonly retryAfterMs: number | undefined;
}

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** When the status is known, its explanation may take no longer. */
const bodyTimeoutMs = 2_000;
const excerptBytes = 2_000;
const excerptLength = 500;
/** Of OpenSSL and Node: certificates and protocols that don't do. */
const insecure = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/**
 * Sends one message to a receiver, on a connection of its own, to an address that was checked; it follows nobody
 * anywhere. Never throws but for a `signal` that is aborted from outside.
 */
export async function post(
  { url, headers, body }: Post,
  { egress, signal, now, timeoutMs }: { egress: Egress; signal: AbortSignal; now: Date; timeoutMs: number },
): Promise<Answer> {
  const from = performance.now();
  const timeout = AbortSignal.timeout(timeoutMs);
  const both = AbortSignal.any([signal, timeout]);
  const done = (answer: Partial<Answer> & Pick<Answer, "outcome">): Answer => ({
    status: null,
    excerpt: "",
    retryAfterMs: undefined,
    ...answer,
    tookMs: Math.round(performance.now() - from),
  });
  try {
    const response = await send({ url, method: "POST", headers, body }, { egress, signal: both });
    const status = response.statusCode ?? 0;
    const excerpt = await excerptOf(response);
    const outcome = status >= 200 && status < 300 ? "accepted" : "answered";
    return done({ outcome, status, excerpt, retryAfterMs: retryAfterOf(response, now) });
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return done({ outcome: "timeout" });
    return done({ outcome: outcomeOf(error), excerpt: error instanceof Error ? plain(error.message) : "" });
  }
}

/** The beginning of the answer. A body that hangs or breaks changes nothing: the status is known. */
async function excerptOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => response.destroy(), bodyTimeoutMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= excerptBytes) break;
    }
  } catch {
    // What came is what there is to show.
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
  return plain(Buffer.concat(chunks).subarray(0, excerptBytes).toString("utf8"));
}

/** Text that a table can keep and people can read: PostgreSQL takes no NUL. */
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, " ")
    .trim()
    .slice(0, excerptLength);
}

function retryAfterOf({ headers }: IncomingMessage, now: Date): number | undefined {
  const said = headers["retry-after"]?.trim();
  if (said === undefined || said === "") return undefined;
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - now.getTime();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof Refused) return "forbidden";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return "unresolved";
  return insecure.test(code) ? "insecure" : "unreachable";
}
