import { Readable } from "node:stream";
import { stringifySetCookie } from "cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isJson, type BytesOut, type EventStream, type RedirectOut, type StreamOut } from "../../contract/body.ts";
import { readEntityTags, writeEntityTag } from "../../contract/entity-tag.ts";
import type { Route, Sets } from "../../contract/route.ts";
import type { Entitled } from "../data-scope.ts";
import { callOf } from "./call.ts";
import { sentName } from "./cookies.ts";
import { frames, type EventStreamOptions } from "./event-frames.ts";
import { hideFields } from "./field-rights.ts";
import { packed } from "./packed.ts";

export interface ReplyOptions extends EventStreamOptions {
  /** Whether browsers reach this server by https: then cookies go by https only. */
  readonly secure: boolean;
}

/** A JSON reply, as it is sent and as it can be kept to be sent again. */
export interface JsonReply {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly text: string;
}

/**
 * Checks what a handler returned, and turns it into a reply. Fields that the contract doesn't name, or that `reader`
 * may not see, stay here.
 */
export async function toJsonReply(
  route: Route,
  returned: unknown,
  options: ReplyOptions,
  reader: Entitled,
): Promise<JsonReply> {
  if (!isJson(route.reply)) throw new Error(`${route.id} doesn't answer JSON`);
  const { body, headers } = await withHeaders(route, returned, options);
  // Nothing to say is an empty object.
  const value: unknown = hideFields(route.reply, await route.reply.parseAsync(body ?? {}), reader);
  const tag = route.etag === undefined ? {} : { etag: writeEntityTag(field(value, route.etag)) };
  return { headers: { ...headers, ...tag }, text: JSON.stringify(value) };
}

export async function sendJson(
  { headers, text }: JsonReply,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.headers(headers).type("application/json; charset=utf-8");
  const known = request.headers["if-none-match"];
  const tag = headers["etag"];
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (isRead && known !== undefined && typeof tag === "string") {
    // A weak tag is as good here (RFC 9110 §13.1.2).
    const tags = readEntityTags(known.replaceAll("W/", ""));
    if (tags?.matches(tag.slice(1, -1))) return void reply.status(304).send();
  }
  const sent = await packed(text, request, reply);
  // Given up meanwhile.
  if (!reply.sent) reply.send(sent);
}

/** Sends what isn't JSON. */
export async function sendReply(
  route: Route,
  returned: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ReplyOptions,
): Promise<void> {
  const { caller } = callOf(request);
  if (isJson(route.reply)) return sendJson(await toJsonReply(route, returned, options, caller.actor), request, reply);
  const { body, headers } = await withHeaders(route, returned, options);
  reply.headers(headers);
  if (route.reply.kind === "redirect") {
    const { location, status = 302 } = body as RedirectOut;
    // Where it leads for now is asked anew each time.
    if (status !== 301 && status !== 308) reply.header("cache-control", "no-store");
    // What an address can't hold is escaped; what is escaped already stays as it is.
    reply.redirect(location.replaceAll(/[^\x21-\x7e]+/g, encodeURI), status);
  } else if (route.reply.kind === "bytes") {
    const { status = 200, contentType, body: content } = body as BytesOut;
    reply.status(status).header("content-type", contentType);
    // A text goes out with the head, in one piece; but Fastify would complete the type of one that names no charset.
    reply.send(typeof content === "string" && namesCharset.test(contentType) ? content : Buffer.from(content));
  } else if (route.reply.kind === "stream") {
    sendStream(body as StreamOut, request, reply);
  } else {
    sendEvents(route.reply, body as Events, request, reply, options);
  }
}

type Events = AsyncIterable<{ event: string; data: unknown; id?: string }>;

export function sendEvents(
  shape: EventStream,
  events: Events,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ReplyOptions,
): void {
  // "X-Accel-Buffering" asks nginx to hand on each event at once.
  reply.header("cache-control", "no-store").header("x-accel-buffering", "no").type("text/event-stream");
  const { signal, caller } = callOf(request);
  const told = { ...options, reader: caller.actor };
  send(request, reply, events, () => Readable.from(frames(shape, events, signal, told), { objectMode: false }));
}

export function sendStream(
  { status = 200, contentType, stream, lengthBytes, fileName }: StreamOut,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  reply.status(status).header("content-type", contentType);
  if (lengthBytes !== undefined) reply.header("content-length", String(lengthBytes));
  if (fileName !== undefined) reply.header("content-disposition", dispositionOf(fileName));
  send(request, reply, stream, () => Readable.from(stream, { objectMode: false }));
}

const namesCharset = /;\s*charset=/i;

/** RFC 6266 and RFC 8187: the name in UTF-8, percent-encoded, also what `encodeURIComponent` leaves as it is. */
export function dispositionOf(fileName: string): string {
  const encoded = encodeURIComponent(fileName.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}

/** A HEAD asks for the headers alone: its stream is closed before it begins. */
function send(
  request: FastifyRequest,
  reply: FastifyReply,
  source: AsyncIterable<unknown>,
  open: () => Readable,
): void {
  if (request.method !== "HEAD") return void reply.send(open());
  void source[Symbol.asyncIterator]().return?.();
  reply.send(Readable.from([]));
}

async function withHeaders(route: Route, returned: unknown, { secure }: ReplyOptions) {
  const { sets } = route;
  if (sets === undefined) return { body: returned, headers: {} };
  const {
    body,
    headers = {},
    cookies = {},
  } = returned as {
    body: unknown;
    headers?: Readonly<Record<string, unknown>>;
    cookies?: Readonly<Record<string, string | null | undefined>>;
  };
  const parsed = sets.headers === undefined ? {} : await sets.headers.parseAsync(headers);
  const named = Object.entries(parsed).filter(([, value]) => value !== undefined);
  const lines = Object.entries(cookies).flatMap(([name, value]) =>
    value === undefined ? [] : [cookieLine(sets, name, value, secure)],
  );
  return {
    body,
    headers: {
      ...Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), String(value)])),
      ...(lines.length === 0 ? {} : { "set-cookie": lines }),
    },
  };
}

function cookieLine({ cookies }: Sets, name: string, value: string | null, secure: boolean): string {
  const shape = cookies?.[name];
  if (shape === undefined) throw new Error(`the contract names no cookie ${name}`);
  const { maxAgeSeconds, sameSite = "lax", readableByScripts } = shape;
  const maxAge = value === null ? 0 : maxAgeSeconds;
  // Of all paths, as its prefix asks for.
  const common = { name: sentName(name, secure), path: "/", sameSite, secure, httpOnly: !readableByScripts };
  return stringifySetCookie({ ...common, value: value ?? "", ...(maxAge === undefined ? {} : { maxAge }) });
}

function field(value: unknown, name: string): string | number {
  return (value as Readonly<Record<string, string | number>>)[name] ?? "";
}
