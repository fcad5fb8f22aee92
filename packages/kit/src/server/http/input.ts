import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { en, zhCN } from "zod/locales";
import { isJson, type FileShapes } from "../../contract/body.ts";
import { readEntityTags } from "../../contract/entity-tag.ts";
import { badRequest, invalidInput, notFound, preconditionRequired } from "../../contract/faults.ts";
import { nestFields } from "../../contract/query-string.ts";
import type { Route } from "../../contract/route.ts";
import { type Language, type LocalizedText, translate } from "../../contract/text.ts";
import { emptyBody, type WireBody } from "./body.ts";
import { callOf } from "./call.ts";
import { cookiesOf } from "./cookies.ts";
import { fieldsRefused } from "./field-rights.ts";
import { proofIn } from "./proof-of-work.ts";
import type { FieldError } from "./problem.ts";
import { languageOfRequest } from "./send-problem.ts";

type Fields = Readonly<Record<string, unknown>>;
/** What is wrong with a body besides its shape, by the paths of fields. `body` is read already, `given` as it came. */
export type BodyErrors = (
  route: Route,
  body: Fields,
  given: Fields,
) => readonly { readonly path: string; readonly text: LocalizedText }[];

/**
 * What the handler is given: every part parsed, path, query and body in one object.
 *
 * @throws Fault `kit.invalid_input` naming each wrong field; `kit.not_found` for a path that can't be one
 */
export function readInput(
  route: Route,
  request: FastifyRequest,
  { secure, bodyErrors }: { readonly secure: boolean; readonly bodyErrors?: BodyErrors | undefined },
): Fields {
  // A NUL can only come as %00 here; no text that PostgreSQL can keep has one.
  if (request.url.includes("%00")) throw badRequest();
  const parts = new PartReader(request);
  const params = parts.read(route.params, request.params);
  // What can't be an id is the id of nothing.
  if (parts.errors.length > 0) throw notFound();
  const query = parts.read(route.query, nestFields(request.query as Fields));
  const headers = route.headers && parts.read(route.headers, headersNamed(route.headers, request), "headers.");
  const cookies = route.cookies && parts.read(route.cookies, cookiesOf(request, secure), "cookies.");
  const wire = (request.body as WireBody | undefined) ?? emptyBody(route);
  const body = bodyFields(route, wire, parts);
  if (isJson(route.body) && wire.kind === "json") {
    parts.refuseAll(fieldsRefused(route.body, wire.value, callOf(request).caller.actor));
    if (body !== undefined) parts.refuseAll(bodyErrors?.(route, body, wire.value as Fields) ?? []);
  }
  if (parts.errors.length > 0) throw invalidInput({ errors: parts.errors });
  return {
    ...params,
    ...query,
    ...body,
    ...(route.headers === undefined ? {} : { headers }),
    ...(route.cookies === undefined ? {} : { cookies }),
    ...(route.proofOfWork === "asked" ? { proof: proofIn(request) } : {}),
    ...(route.tellsHead ? { isHead: request.method === "HEAD" } : {}),
    ...(route.ifMatch ? { ifMatch: ifMatchOf(request) } : {}),
    ...(!isJson(route.reply) && route.reply.kind === "events" ? { lastEventId: request.headers["last-event-id"] } : {}),
  };
}

/** Made once: a locale is a table of hundreds of words. */
export const localeErrors = { zh: zhCN().localeError, en: en().localeError };

class PartReader {
  readonly errors: FieldError[] = [];
  readonly #request: FastifyRequest;
  #known: Language | undefined;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  /** Of whoever has to be told what is wrong: with most requests nothing is. */
  get #language(): Language {
    this.#known ??= languageOfRequest(this.#request);
    return this.#known;
  }

  read(schema: z.ZodType | undefined, value: unknown, prefix = ""): Fields | undefined {
    if (schema === undefined) return undefined;
    // Asked only for what is wrong, once it is.
    const parsed = schema.safeParse(value, { error: (issue) => localeErrors[this.#language](issue) });
    if (parsed.success) return parsed.data as Fields;
    for (const { path, message } of parsed.error.issues)
      this.refuse(prefix + path.join("."), translate(message, this.#language));
    return undefined;
  }

  refuse(field: string, message: string): void {
    this.errors.push({ field, message });
  }

  refuseAll(errors: ReturnType<BodyErrors>): void {
    for (const { path, text } of errors) this.refuse(path, text[this.#language]);
  }
}

function bodyFields({ body }: Route, wire: WireBody, parts: PartReader): Fields | undefined {
  if (body === undefined) return undefined;
  if (isJson(body)) return parts.read(body, wire.kind === "json" ? wire.value : undefined);
  if (wire.kind === "multipart" && body.kind === "multipart") {
    const fields = parts.read(body.fields, wire.fields);
    for (const name of missingFiles(body.files, wire.files)) parts.refuse(name, "no file");
    return { ...fields, ...Object.fromEntries(wire.files) };
  }
  const { kind: _, ...fields } = wire;
  return fields;
}

function missingFiles(shapes: FileShapes, files: ReadonlyMap<string, unknown>): string[] {
  return Object.entries(shapes).flatMap(([name, { optional }]) => (optional || files.has(name) ? [] : [name]));
}

function headersNamed(shape: z.ZodObject | undefined, { headers }: FastifyRequest): Fields {
  const names = Object.keys(shape?.shape ?? {});
  return Object.fromEntries(names.map((name) => [name, headers[name.toLowerCase()]]));
}

function ifMatchOf({ headers }: FastifyRequest) {
  const given = headers["if-match"];
  if (given === undefined) throw preconditionRequired();
  const tags = readEntityTags(given);
  if (tags === undefined) throw invalidInput({ errors: [{ field: "headers.If-Match", message: "not an entity tag" }] });
  return tags;
}
