import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { Ask, Call, InputOf, RequestParts } from "./call.ts";
import type { TokenSource } from "./tokens.ts";
import { exchange, WechatError, WechatUnreachable } from "./transport.ts";
import type { CallLog } from "./transport.ts";

/** The hosts of the public service; another base URL leads elsewhere, e.g. to a stand-in. */
export const wechatHosts = { api: "https://api.weixin.qq.com", mp: "https://mp.weixin.qq.com" } as const;

export interface ConnectionOptions {
  /** Scheme and host, without a path: `wechatHosts.api`, or a stand-in's address. */
  readonly apiUrl: string;
  readonly fetch?: typeof globalThis.fetch;
  /** For one request, from connecting to the last byte; default 10 s. */
  readonly timeoutMs?: number;
  readonly log?: ((entry: CallLog) => void) | undefined;
  /** Before a repeat; default a timer. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface WechatClientOptions extends ConnectionOptions {
  readonly tokens: TokenSource;
}

/**
 * The codes that mean: this token value is not (or no longer) good. Missing (41001) isn't one; that would be our own
 * mistake. Source: developers.weixin.qq.com, 全局错误码, read 2026-11.
 */
const refusedTokenCodes: ReadonlySet<number> = new Set([40001, 40014, 42001]);
/** Before the repeats of a call that may be repeated. Ours. */
const repeatWaitsMs: readonly number[] = [200, 800];

/** Calls WeChat's API for one account: token, timeout, errors, repeats. The calls themselves are in `calls/`. */
export class WechatClient {
  readonly #options: WechatClientOptions;

  constructor(options: WechatClientOptions) {
    this.#options = options;
  }

  /**
   * One call with the account's token. A refused token is voided, replaced and the call repeated once: WeChat checks
   * the token before anything else, so that is safe for writes too. Where no answer came, or WeChat was busy, the call
   * is repeated or asked after as its effect allows. Throws WechatError, WechatUnreachable or TokenFailure; what each
   * means for a write is told by `outcomeOfWrite`.
   */
  async call<Input, Reply>(call: Call<Input, Reply>, ...[input]: InputOf<Input>): Promise<Reply> {
    // A call without input takes undefined.
    const given = input as Input;
    const parts = call.request(given);
    return untilKnown(call, given, this.#options.wait, {
      send: () => (call.access === "open" ? send(this.#options, call, parts, []) : this.#withToken(call, parts)),
      ask: (question, ...about) => this.call(question, ...about),
    });
  }

  async #withToken<Input, Reply>(call: Call<Input, Reply>, parts: RequestParts): Promise<Reply> {
    const { tokens } = this.#options;
    const sendWith = (token: string): Promise<Reply> =>
      send(this.#options, call, { ...parts, query: { ...parts.query, access_token: token } }, [token]);
    const token = await tokenOf(() => tokens.get());
    try {
      return await sendWith(token);
    } catch (error) {
      if (!(error instanceof WechatError) || !refusedTokenCodes.has(error.errcode)) throw error;
      return sendWith(await tokenOf(() => tokens.replace(token)));
    }
  }
}

/**
 * One call without the account's token, e.g. one that names appid and secret. `secrets`: texts of the input that no
 * error may repeat. `once`: whoever asks decides about repeats. Throws WechatError or WechatUnreachable.
 */
export async function callOpenly<Input, Reply>(
  options: ConnectionOptions & { readonly secrets?: readonly string[]; readonly once?: boolean },
  call: Call<Input, Reply>,
  input: Input,
): Promise<Reply> {
  const parts = call.request(input);
  if (options.once === true) return send(options, call, parts, options.secrets ?? []);
  return untilKnown(call, input, options.wait, {
    send: () => send(options, call, parts, options.secrets ?? []),
    ask: ((question: { path: string }) =>
      Promise.reject(new TypeError(`no token to ask ${question.path} with`))) as Ask,
  });
}

async function send<Input, Reply>(
  options: ConnectionOptions,
  { method, path, reply }: Call<Input, Reply>,
  { query = {}, body, upload }: RequestParts,
  secrets: readonly string[],
): Promise<Reply> {
  const answer = await exchange({
    apiUrl: options.apiUrl,
    fetch: options.fetch ?? globalThis.fetch,
    timeoutMs: options.timeoutMs ?? 10_000,
    method,
    path,
    query,
    body,
    upload,
    secrets,
    log: options.log,
  });
  return shaped(path, reply, answer);
}

/** Repeats, or asks, as the call's effect allows, until it is known what became of the call. */
async function untilKnown<Input, Reply>(
  call: Call<Input, Reply>,
  input: Input,
  wait: (ms: number) => Promise<void> = delay,
  through: { readonly send: () => Promise<Reply>; readonly ask: Ask },
): Promise<Reply> {
  for (let repeats = 0; ; repeats += 1) {
    try {
      return await through.send();
    } catch (error) {
      const before = doneBefore(call, error, repeats > 0);
      if (before !== undefined) return before.reply;
      const waitMs = repeatWaitsMs[repeats];
      if (waitMs === undefined || outcomeOfWrite(error) !== "unknown" || !mayRepeat(call, input)) throw error;
      // Whoever waits for us has waited for two time-outs then.
      if (repeats > 0 && error instanceof WechatUnreachable && error.reason === "timeout") throw error;
      await wait(waitMs);
      if (call.effect.kind !== "queryable") continue;
      const found = await call.effect.find(through.ask, input).catch(() => {
        // What became of the call is as unknown as before.
        throw error;
      });
      if (found !== undefined) return found;
    }
  }
}

/** The reply of an earlier try, if this refusal tells that there was one. */
function doneBefore<Input, Reply>(
  { effect }: Call<Input, Reply>,
  error: unknown,
  isRepeat: boolean,
): { readonly reply: Reply } | undefined {
  if (!(error instanceof WechatError)) return undefined;
  // Only calls whose answer says nothing declare such codes.
  if (effect.kind === "idempotent" && isRepeat && effect.doneBy.includes(error.errcode))
    return { reply: undefined as Reply };
  // Also at the first try: the earlier one may have been another process's.
  const reply = effect.kind === "keyed" ? effect.repliedBefore?.(error) : undefined;
  return reply === undefined ? undefined : { reply };
}

function mayRepeat<Input, Reply>({ effect }: Call<Input, Reply>, input: Input): boolean {
  if (effect.kind === "keyed") return effect.key(input) !== undefined && effect.repeatAfterSeconds === 0;
  return effect.kind !== "at-most-once";
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
 * What a call can't ask (RangeError) was never sent.
 */
export function outcomeOfWrite(error: unknown): "not_done" | "unknown" {
  if (error instanceof WechatError) return error.kind === "busy" ? "unknown" : "not_done";
  if (error instanceof RangeError) return "not_done";
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
