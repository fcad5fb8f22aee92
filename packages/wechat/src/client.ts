import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { TokenSource } from "./tokens.ts";
import { exchange, WechatError, WechatUnreachable } from "./transport.ts";
import type { CallLog } from "./transport.ts";

/** The hosts of the public service; another base URL leads elsewhere, e.g. to a stand-in. */
export const wechatHosts = { api: "https://api.weixin.qq.com", mp: "https://mp.weixin.qq.com" } as const;

export interface WechatClientOptions {
  /** Scheme and host, without a path: `wechatHosts.api`, or a stand-in's address. */
  readonly apiUrl: string;
  readonly tokens: TokenSource;
  readonly fetch?: typeof globalThis.fetch;
  /** For one request, from connecting to the last byte; default 10 s. */
  readonly timeoutMs?: number;
  readonly log?: ((entry: CallLog) => void) | undefined;
  /** Between the tries of a read; default a timer. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface Call<Reply> {
  readonly method: "GET" | "POST";
  /** From the host's root, e.g. `/cgi-bin/user/info`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The shape of an answer without error. */
  readonly reply: z.ZodType<Reply>;
  /** Whether repeating it could do something twice. Such a call isn't repeated when WeChat says that it is busy. */
  readonly write?: boolean;
}

/**
 * The codes that mean: this token value is not (or no longer) good. Missing (41001) isn't one; that would be our own
 * mistake. Source: developers.weixin.qq.com, 全局错误码, read 2026-11.
 */
const refusedTokenCodes: ReadonlySet<number> = new Set([40001, 40014, 42001]);
/** Waits before the repeats of a read that met a busy WeChat. Ours. */
const busyWaitsMs = [200, 800] as const;

/**
 * Calls WeChat's API for one account: token, timeout, errors. Knows no particular interface; those are in
 * `official.ts`.
 */
export class WechatClient {
  readonly #options: WechatClientOptions;
  readonly #wait: (ms: number) => Promise<void>;

  constructor(options: WechatClientOptions) {
    this.#options = options;
    this.#wait = options.wait ?? ((ms) => delay(ms));
  }

  /**
   * One call with the account's token. A refused token is voided, replaced and the call repeated once: WeChat checks
   * the token before anything else, so that is safe for writes too. Throws WechatError, WechatUnreachable or
   * TokenFailure; what each means for a write is told by `outcomeOfWrite`.
   */
  async call<Reply>(call: Call<Reply>): Promise<Reply> {
    const token = await tokenOf(() => this.#options.tokens.get());
    try {
      return await this.#callPatiently(call, token);
    } catch (error) {
      if (!(error instanceof WechatError) || !refusedTokenCodes.has(error.errcode)) throw error;
      return this.#callPatiently(call, await tokenOf(() => this.#options.tokens.replace(token)));
    }
  }

  async #callPatiently<Reply>(call: Call<Reply>, token: string): Promise<Reply> {
    for (const waitMs of call.write === true ? [] : busyWaitsMs) {
      try {
        return await this.#callOnce(call, token);
      } catch (error) {
        if (!(error instanceof WechatError) || error.kind !== "busy") throw error;
        await this.#wait(waitMs);
      }
    }
    return this.#callOnce(call, token);
  }

  async #callOnce<Reply>({ method, path, query, body, reply }: Call<Reply>, token: string): Promise<Reply> {
    const answer = await exchange({
      apiUrl: this.#options.apiUrl,
      fetch: this.#options.fetch ?? globalThis.fetch,
      timeoutMs: this.#options.timeoutMs ?? 10_000,
      method,
      path,
      query: { ...query, access_token: token },
      body,
      secrets: [token],
      log: this.#options.log,
    });
    return shaped(path, reply, answer);
  }
}

/** No token could be had, so the call itself was never sent. `cause` is why. */
export class TokenFailure extends Error {
  readonly sent = "no";

  constructor(cause: unknown) {
    super(`no access token: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "TokenFailure";
  }
}

/**
 * What a caller of a write may conclude from its error: `not_done` it can be repeated or given up; `unknown` it may
 * have been done, so it is neither repeated nor taken for failed. A busy WeChat doesn't say whether it did anything.
 */
export function outcomeOfWrite(error: unknown): "not_done" | "unknown" {
  if (error instanceof WechatError) return error.kind === "busy" ? "unknown" : "not_done";
  if (error instanceof WechatUnreachable || error instanceof TokenFailure)
    return error.sent === "no" ? "not_done" : "unknown";
  return "unknown";
}

async function tokenOf(get: () => Promise<string>): Promise<string> {
  try {
    return await get();
  } catch (error) {
    throw new TokenFailure(error);
  }
}

/**
 * The answer in its shape. Throws WechatUnreachable `unexpected`: WeChat said yes, but in a form that we don't know.
 */
export function shaped<Reply>(path: string, reply: z.ZodType<Reply>, answer: unknown): Reply {
  const parsed = reply.safeParse(answer);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.code}`);
  throw new WechatUnreachable(path, "unexpected", places.join(", "));
}
