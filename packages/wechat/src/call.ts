import { z } from "zod";
import type { WechatError } from "./transport.ts";
import type { Upload } from "./upload.ts";

/**
 * What a call does to the world, and so what may be done when no answer came. Every call says it; `WechatClient` acts
 * by it.
 */
export type Effect<Input, Reply> =
  /** Changes nothing. Repeated. */
  | { readonly kind: "read" }
  /**
   * Done twice is as good as done once. Repeated; a repeat that is refused with one of `doneBy` finds that the first
   * was done, e.g. a deleted thing that isn't there.
   */
  | { readonly kind: "idempotent"; readonly doneBy: readonly number[] }
  /**
   * WeChat knows a repeat by a key of the caller's. Repeated at once, or, where WeChat wants a pause first, by the
   * caller after `repeatAfterSeconds`. Without a key it is as one that is done at most once.
   */
  | {
      readonly kind: "keyed";
      readonly key: (input: Input) => string | undefined;
      readonly repeatAfterSeconds: number;
      /** The reply to the first call, if a refusal of the repeat tells it. */
      readonly repliedBefore?: (refusal: WechatError) => Reply | undefined;
    }
  /** WeChat can be asked whether it was done. Asked; repeated only if it wasn't. */
  | { readonly kind: "queryable"; readonly find: (ask: Ask, input: Input) => Promise<Reply | undefined> }
  /** Nobody can tell whether it was done. Never repeated: its outcome is unknown. */
  | { readonly kind: "at-most-once" };

/** Asks WeChat with the account's token. */
export type Ask = <Input, Reply>(call: Call<Input, Reply>, ...input: InputOf<Input>) => Promise<Reply>;
export type InputOf<Input> = Input extends void ? [] : [input: Input];

export interface RequestParts {
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent members are left out. */
  readonly body?: unknown;
  /** Sent as multipart/form-data rather than a body. */
  readonly upload?: Upload;
}

/** One interface of WeChat's API. */
export interface Call<Input, Reply> {
  readonly method: "GET" | "POST";
  /** From the host's root, e.g. `/cgi-bin/user/info`. */
  readonly path: string;
  /** Its page of developers.weixin.qq.com, read 2026-11. */
  readonly page: string;
  readonly effect: Effect<Input, Reply>;
  /** `open`: without the account's token, e.g. since it names appid and secret. */
  readonly access: "token" | "open";
  /** What is asked. Throws RangeError for what WeChat would refuse in any case. */
  readonly request: (input: Input) => RequestParts;
  /** The shape of an answer without error; `ReceivedFile` for one of bytes. */
  readonly reply: z.ZodType<Reply>;
}

type Declared<Input, Reply> = Pick<Call<Input, Reply>, "page" | "effect" | "reply"> & {
  readonly access?: "open";
  readonly request?: (input: Input) => RequestParts;
};

export function get<Reply, Input = void>(path: string, declared: Declared<Input, Reply>): Call<Input, Reply> {
  return { method: "GET", path, access: "token", request: () => ({}), ...declared };
}

export function post<Reply, Input = void>(path: string, declared: Declared<Input, Reply>): Call<Input, Reply> {
  return { method: "POST", path, access: "token", request: () => ({ body: {} }), ...declared };
}

export const read = { kind: "read" } as const;
export const atMostOnce = { kind: "at-most-once" } as const;

/** `doneBy`: refusals of a repeat which say that the first was done. */
export function idempotent(...doneBy: readonly number[]): Effect<never, never> & { kind: "idempotent" } {
  return { kind: "idempotent", doneBy };
}

/** An answer that says nothing but that it was done. */
export const Done = z.object({}).transform(() => undefined);
/** 64-bit ids come as numbers; the transport keeps the unsafe ones as texts. */
export const LongId = z.union([z.number(), z.string()]).transform(String);

/** What an answer of bytes holds: a picture, a voice. */
export const ReceivedFile = z.object({
  contentType: z.string(),
  /** As WeChat names it, if it does. */
  fileName: z.string().optional(),
  bytes: z.instanceof(Uint8Array),
});
export type ReceivedFile = z.output<typeof ReceivedFile>;

/** Throws RangeError `<name> must be …` for what WeChat would refuse in any case. */
export function assertBetween(name: string, value: number, smallest: number, largest: number): void {
  if (!Number.isInteger(value) || value < smallest || value > largest)
    throw new RangeError(`${name} must be ${smallest} to ${largest}, not ${value}`);
}
