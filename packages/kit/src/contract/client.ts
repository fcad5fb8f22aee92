import type { z } from "zod";
import {
  isJson,
  type Bytes,
  type ByteStream,
  type EventIn,
  type EventStream,
  type FileShapes,
  type Multipart,
  type Redirect,
} from "./body.ts";
import { addressOf, bodyOf, headersOf, type Input, type SentBody } from "./client-request.ts";
import { readFile, readReply } from "./client-response.ts";
import { readEvents } from "./event-stream.ts";
import { sessionExpired } from "./faults.ts";
import { type ExportFormat, exportTypes } from "./export-format.ts";
import type { ListInfo } from "./list-info.ts";
import { newId } from "./new-id.ts";
import { ApiProblem, type Problem, problemOf } from "./problem.ts";
import { type Challenge, proofHeader, proofNeededCode } from "./proof.ts";
import type { Contract, Route } from "./route.ts";

type Shape<R, Part extends string> = R extends { readonly [P in Part]: infer S extends z.ZodType } ? S : undefined;
type Given<S> = S extends z.ZodType ? z.input<S> : unknown;
type FilesIn<Files extends FileShapes> = {
  [Name in keyof Files as Files[Name] extends { readonly optional: true } ? never : Name]: Blob;
} & { [Name in keyof Files as Files[Name] extends { readonly optional: true } ? Name : never]?: Blob };
type BodyIn<R> = R extends { readonly body: infer B }
  ? B extends z.ZodType
    ? z.input<B>
    : B extends Bytes
      ? { bytes: Uint8Array | string; contentType: string }
      : B extends ByteStream
        ? { stream: Blob | ReadableStream<Uint8Array> | Uint8Array; contentType: string }
        : B extends Multipart<infer Fields, infer Files>
          ? z.input<Fields> & FilesIn<Files>
          : unknown
  : unknown;
/** Path, query and body in one object; headers apart. A browser sends its own cookies, whatever is given here. */
export type Arguments<R extends Route> = Given<Shape<R, "params">> &
  Given<Shape<R, "query">> &
  BodyIn<R> &
  (Shape<R, "headers"> extends z.ZodType ? { headers: Given<Shape<R, "headers">> } : unknown) &
  (Shape<R, "cookies"> extends z.ZodType ? { cookies?: Given<Shape<R, "cookies">> } : unknown) &
  (R extends { readonly ifMatch: true } ? { ifMatch: string | number } : unknown);

type ReplyBody<S> = S extends z.ZodType
  ? z.output<S>
  : S extends Bytes
    ? { status: number; contentType: string; bytes: Uint8Array }
    : S extends ByteStream
      ? { contentType: string; fileName: string | undefined; stream: ReadableStream<Uint8Array> }
      : S extends Redirect
        ? { status: number; location: string }
        : never;
/** Cookies are the browser's alone, so what sets nothing else answers as if it set nothing. */
type ReplyIn<R extends Route> = R extends { readonly sets: { readonly headers: infer H extends z.ZodType } }
  ? { body: ReplyBody<R["reply"]>; headers: z.output<H> }
  : ReplyBody<R["reply"]>;
type Result<R extends Route> =
  R["reply"] extends EventStream<infer Events> ? AsyncIterable<EventIn<Events>> : Promise<ReplyIn<R>>;

/** One function per route. `route` says what the call does and needs; `url` is its address, for links and downloads. */
export type Call<R extends Route> = (object extends Arguments<R>
  ? (input?: Arguments<R>, options?: CallOptions) => Result<R>
  : (input: Arguments<R>, options?: CallOptions) => Result<R>) & {
  readonly route: R;
  readonly url: (input: Given<Shape<R, "params">> & Given<Shape<R, "query">>) => string;
} & (R extends { readonly list: ListInfo }
    ? {
        /** Everything that the list's query matches, as a file; up to `straightRows`. */
        readonly file: (
          input: Arguments<R>,
          format: ExportFormat,
          options?: CallOptions,
        ) => Promise<ReplyBody<ByteStream>>;
        /** Of a live list: from when on it is listened to, then each time that rows have changed. */
        readonly live: (input: Arguments<R>, options?: CallOptions) => AsyncIterable<LiveEvent>;
      }
    : unknown);

/**
 * What a live list tells. `listening` comes once, first: what changes from now on is told, and nothing had changed for
 * `quietMs` milliseconds. Whoever asked for the list longer ago than that asks again.
 */
export type LiveEvent =
  | { readonly event: "listening"; readonly data: { readonly quietMs: number } }
  | { readonly event: "changed" };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For calls that are repeated by hand; without it each call of an idempotent route has its own. */
  readonly idempotencyKey?: string;
  /** For event streams: the id of the last event that arrived, to go on after it. */
  readonly lastEventId?: string;
  /** A proof of work that was made beforehand; without it `prove` of the client is asked for one when it is due. */
  readonly proof?: string;
}

/** One function per route, grouped as the contracts are: `api.access.login({ login, password })`. */
export type Client<Contracts extends Readonly<Record<string, Contract>>> = {
  readonly [Module in keyof Contracts]: { readonly [Key in keyof Contracts[Module]]: Call<Contracts[Module][Key]> };
};

export interface ClientOptions {
  /** Where the server stands, without a slash at the end: `https://example.com`; empty for a page's own origin. */
  readonly baseUrl: string;
  /** Headers of every call: the access token, the language. Asked anew each time. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Called when the session has expired; true means that it was renewed and the call is worth one more try. */
  readonly renew?: () => Promise<boolean>;
  /** Solves a challenge that the server sets before it does what is asked, into what the call is repeated with. */
  readonly prove?: (challenge: Challenge) => Promise<string>;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Makes the typed client that console, pages and tests use.
 *
 * A call rejects with `ApiProblem` when the server refuses, and with fetch's own error when it can't be reached.
 */
export function createClient<Contracts extends Readonly<Record<string, Contract>>>(
  contracts: Contracts,
  options: ClientOptions,
): Client<Contracts> {
  const groups = Object.entries(contracts).map(([module, routes]) => {
    const calls = Object.entries(routes).map(([key, route]) => [key, callOf(route, options)] as const);
    return [module, Object.fromEntries(calls)] as const;
  });
  return Object.fromEntries(groups) as unknown as Client<Contracts>;
}

/** What a live list tells, without a shape, as contracts that are data have it. */
const liveStream = { kind: "events", events: { listening: {}, changed: {} } } as unknown as EventStream;

function callOf(route: Route, options: ClientOptions) {
  const call = (input: Input = {}, callOptions: CallOptions = {}): unknown =>
    isJson(route.reply) || route.reply.kind !== "events"
      ? send(route, input, options, callOptions).then((response) => readReply(route, response))
      : listen(route, route.reply, input, options, callOptions);
  const file = async (input: Input, format: ExportFormat, callOptions: CallOptions = {}): Promise<unknown> =>
    readFile(await send(route, input, options, { ...callOptions, accept: exportTypes[format] }));
  const live = (input: Input, callOptions: CallOptions = {}): AsyncIterable<unknown> =>
    listen(route, liveStream, input, options, { ...callOptions, accept: "text/event-stream" });
  return Object.assign(call, {
    route,
    url: (input: Input) => addressOf(route, input, options.baseUrl).url,
    ...(route.list === undefined ? {} : { file, live }),
  });
}

async function send(
  route: Route,
  input: Input,
  options: ClientOptions,
  call: CallOptions & { readonly accept?: string },
): Promise<Response> {
  const fetch = options.fetch ?? globalThis.fetch;
  const { url, rest } = addressOf(route, input, options.baseUrl);
  const body = bodyOf(route, rest);
  // One key for all tries of this call: that is what it is for.
  const idempotencyKey = route.idempotent ? (call.idempotencyKey ?? newId(new Date())) : undefined;
  let { proof } = call;
  const attempt = (): Promise<Response> =>
    fetch(url, {
      method: route.method.toUpperCase(),
      headers: {
        ...headersOf(route, input, body, { ...call, idempotencyKey }),
        ...options.headers?.(),
        ...(proof === undefined ? {} : { [proofHeader]: proof }),
      },
      redirect: "manual",
      ...body?.init,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  const first = await attempt();
  if (isAnswer(route, first)) return first;
  const problem = await problemOf(first);
  const challenge = challengeOf(problem);
  if (!isReplayable(body)) throw new ApiProblem(problem);
  if (challenge !== undefined && options.prove !== undefined) proof = await options.prove(challenge);
  else if (problem.code !== sessionExpired.code || !(await options.renew?.())) throw new ApiProblem(problem);
  const second = await attempt();
  if (isAnswer(route, second)) return second;
  throw new ApiProblem(await problemOf(second));
}

/** Whether a response is what the route's handler said, rather than a refusal. */
function isAnswer(route: Route, response: Response): boolean {
  if (response.ok) return true;
  if (isJson(route.reply)) return false;
  if (route.reply.kind === "redirect") return response.status >= 300 && response.status < 400;
  const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json") ?? false;
  return route.reply.kind === "bytes" && !isProblem;
}

function challengeOf({ code, details }: Problem): Challenge | undefined {
  return code === proofNeededCode ? (details?.["challenge"] as Challenge | undefined) : undefined;
}

/** A stream that was sent is gone. */
function isReplayable(body: SentBody | undefined): boolean {
  return !(body?.init.body instanceof ReadableStream);
}

async function* listen(
  route: Route,
  shape: EventStream,
  input: Input,
  options: ClientOptions,
  call: CallOptions & { readonly accept?: string },
): AsyncGenerator<unknown, void, undefined> {
  const { body } = await send(route, input, options, call);
  if (body !== null) yield* readEvents(body, shape);
}
