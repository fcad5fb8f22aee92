import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { isJson } from "../../contract/body.ts";
import { badRequest, malformedJson, tooLarge, unsupportedMediaType } from "../../contract/faults.ts";
import type { Route } from "../../contract/route.ts";
import { readForm, type Form } from "./multipart.ts";

const jsonLimitBytes = 512 * 1024;
const streamLimitBytes = 100 * 1024 * 1024;

export function bodyLimitOf({ bodyLimitBytes, body }: Route): number {
  const streams = body !== undefined && !isJson(body) && body.kind === "stream";
  return bodyLimitBytes ?? (streams ? streamLimitBytes : jsonLimitBytes);
}

/** A body as it comes from the wire, before its shape is looked at. */
export type WireBody =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly contentType: string }
  | { readonly kind: "stream"; readonly stream: AsyncIterable<Uint8Array>; readonly contentType: string }
  | ({ readonly kind: "multipart" } & Form);

/**
 * Reads the body of a route that takes one; a `byteStream` is handed on unread. Only now, when it is known who calls.
 *
 * @throws Fault `kit.too_large`, `kit.unsupported_media_type`, `kit.malformed_json`
 */
export async function readBody(route: Route, request: FastifyRequest, payload: IncomingMessage): Promise<WireBody> {
  const { body } = route;
  const limitBytes = bodyLimitOf(route);
  const contentType = request.headers["content-type"] ?? "";
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw tooLarge({ limitBytes });
  if ((request.headers["content-encoding"] ?? "identity") !== "identity")
    throw unsupportedMediaType({ expected: "no content-encoding" });
  if (body === undefined || isJson(body)) {
    const isEmpty = request.headers["content-length"] === "0";
    if (!isEmpty && !/^application\/json\b/i.test(contentType))
      throw unsupportedMediaType({ expected: "application/json" });
    return { kind: "json", value: parseJson(await collect(payload, limitBytes)) };
  }
  if (body.kind === "bytes") return { kind: "bytes", bytes: await collect(payload, limitBytes), contentType };
  if (body.kind === "stream") return { kind: "stream", stream: bounded(payload, limitBytes), contentType };
  if (!/^multipart\/form-data\b/i.test(contentType)) throw unsupportedMediaType({ expected: "multipart/form-data" });
  return { kind: "multipart", ...(await readForm(body, request, payload, limitBytes)) };
}

/** What a route is given that takes a body, when none came. */
export function emptyBody({ body }: Route): WireBody {
  if (body === undefined || isJson(body)) return { kind: "json", value: {} };
  if (body.kind === "multipart") return { kind: "multipart", fields: {}, files: new Map() };
  if (body.kind === "bytes") return { kind: "bytes", bytes: new Uint8Array(), contentType: "" };
  return { kind: "stream", stream: (async function* () {})(), contentType: "" };
}

/** By hand, for leaving a `for await` early would break the connection before it could be said why. */
function collect(payload: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const finish = (settle: () => void): void => {
      payload.off("data", take).off("end", end).off("error", fail).off("close", fail);
      settle();
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      total += chunk.length;
      if (total > limitBytes) finish(() => reject(tooLarge({ limitBytes })));
    };
    const end = (): void => finish(() => resolve(Buffer.concat(chunks)));
    // The client went away: nobody will read this.
    const fail = (cause?: Error): void => finish(() => reject(badRequest({}, { cause })));
    payload.on("data", take).on("end", end).on("error", fail).on("close", fail);
  });
}

async function* bounded(payload: IncomingMessage, limitBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limitBytes) throw tooLarge({ limitBytes });
    yield chunk;
  }
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString("utf8"), rejectUnsafeJson) as unknown;
  } catch (cause) {
    throw malformedJson({}, { cause });
  }
}

/** A `__proto__` in a body is never meant well. */
function rejectUnsafeJson(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("__proto__ as a key");
  if (!isText(key) || (typeof value === "string" && !isText(value))) throw new SyntaxError("not a text");
  return value;
}

/** PostgreSQL can't keep a NUL, nor in a jsonb half of a surrogate pair, which a text column would keep as another. */
function isText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
