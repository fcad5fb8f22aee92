import { isJson } from "./body.ts";
import { writeEntityTag } from "./entity-tag.ts";
import { flatFields } from "./query-string.ts";
import { fieldsOf, pathOf, type Route } from "./route.ts";

/** What a call is given: fields of path, query and body in one object. */
export type Input = Readonly<Record<string, unknown>>;

type Content = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | FormData;

export interface SentBody {
  readonly contentType: string | undefined;
  readonly init: { readonly body: Content; readonly duplex?: "half" };
}

/** The address of a call, and what of its input is left for the body. */
export function addressOf(route: Route, input: Input, baseUrl: string): { url: string; rest: Input } {
  const { headers: _headers, cookies: _cookies, ifMatch: _ifMatch, ...fields } = input;
  const left = new Map(Object.entries(fields).filter(([, value]) => value !== undefined));
  const take = (name: string): unknown => {
    const value = left.get(name);
    left.delete(name);
    return value;
  };
  const path = pathOf(route).replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(take(name))));
  const query = new URLSearchParams(fieldsOf(route.query).flatMap((name) => flatFields(name, take(name))));
  const search = query.size > 0 ? `?${query}` : "";
  return { url: `${baseUrl}${path}${search}`, rest: Object.fromEntries(left) };
}

export function bodyOf({ body }: Route, rest: Input): SentBody | undefined {
  if (body === undefined) return undefined;
  if (isJson(body)) return { contentType: "application/json", init: { body: JSON.stringify(rest) } };
  // fetch writes the type itself: it holds the boundary.
  if (body.kind === "multipart") return { contentType: undefined, init: { body: formOf(rest) } };
  const content = (body.kind === "bytes" ? rest["bytes"] : rest["stream"]) as Content;
  const contentType = String(rest["contentType"]);
  // The Fetch standard asks callers to say that they don't expect the answer before a stream is sent.
  return {
    contentType,
    init: content instanceof ReadableStream ? { body: content, duplex: "half" } : { body: content },
  };
}

function formOf(fields: Input): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    form.append(name, value instanceof Blob ? value : `${value as string | number | boolean}`);
  }
  return form;
}

export function headersOf(
  route: Route,
  input: Input,
  body: SentBody | undefined,
  call: { readonly idempotencyKey: string | undefined; readonly lastEventId?: string; readonly accept?: string },
): Record<string, string> {
  const cookies = Object.entries((input["cookies"] ?? {}) as Readonly<Record<string, string>>);
  return {
    accept: call.accept ?? acceptedOf(route),
    ...(body?.contentType === undefined ? {} : { "content-type": body.contentType }),
    ...(input["headers"] as Readonly<Record<string, string>> | undefined),
    ...(cookies.length === 0
      ? {}
      : { cookie: cookies.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("; ") }),
    ...(route.ifMatch ? { "if-match": writeEntityTag(input["ifMatch"] as string | number) } : {}),
    ...(call.idempotencyKey === undefined ? {} : { "idempotency-key": call.idempotencyKey }),
    ...(call.lastEventId === undefined ? {} : { "last-event-id": call.lastEventId }),
  };
}

function acceptedOf({ reply }: Route): string {
  if (isJson(reply)) return "application/json";
  return reply.kind === "events" ? "text/event-stream" : "*/*";
}
