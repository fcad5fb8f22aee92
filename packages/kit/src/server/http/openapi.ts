import { z } from "zod";
import { isJson, type Body } from "../../contract/body.ts";
import { exportTypes } from "../../contract/export-format.ts";
import type { FaultDefinition } from "../../contract/fault.ts";
import {
  accountNeeded,
  effectRefused,
  forbidden,
  keyNetworkRefused,
  keyOver,
  keyUsedUp,
  idempotencyInProgress,
  idempotencyKeyMissing,
  idempotencyKeyReused,
  idempotencyUnknown,
  internalError,
  invalidInput,
  preconditionFailed,
  preconditionRequired,
  proofNeeded,
  tooManyRequests,
  unauthenticated,
} from "../../contract/faults.ts";
import { customerAccess, permissionsOf, publicAccess } from "../../contract/permission.ts";
import { ProblemShape } from "../../contract/problem-shape.ts";
import { proofHeader } from "../../contract/proof.ts";
import type { LocalizedText } from "../../contract/text.ts";
import { pathOf, type Contract, type Route } from "../../contract/route.ts";

type Json = Record<string, unknown>;

/**
 * The API as OpenAPI 3.1.
 *
 * @param contracts every module's contract by name: a tag each
 */
export function openApi(contracts: Readonly<Record<string, Contract>>, about: { version: string; url: string }): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const [module, routes] of Object.entries(contracts)) {
    for (const route of Object.values(routes)) {
      const path = pathOf(route).replaceAll(/:(\w+)/g, "{$1}");
      paths[path] = { ...paths[path], [route.method]: operation(route, module, schemas) };
    }
  }
  schemas["Problem"] = jsonSchema(ProblemShape, "output", schemas);
  return {
    openapi: "3.1.0",
    info: {
      title: "Zhanggui 掌柜",
      version: about.version,
      description: "Every refusal is `application/problem+json` (RFC 9457) with a stable `code`.",
    },
    servers: [{ url: about.url }],
    tags: Object.keys(contracts).map((name) => ({ name })),
    paths,
    components: {
      schemas,
      parameters: { AcceptLanguage: acceptLanguage },
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "Of a session, or an API key" },
        customer: { type: "http", scheme: "bearer", description: "Of a customer's session" },
      },
    },
  };
}

function operation(route: Route, module: string, schemas: Json): Json {
  const open = route.access === publicAccess;
  return {
    operationId: route.id,
    tags: [module],
    summary: route.summary,
    description: needsOf(route),
    "x-effect": route.effect,
    security: open ? [] : [{ [route.access === customerAccess ? "customer" : "token"]: [] }],
    parameters: [
      ...parameters("path", route.params, schemas),
      ...parameters("query", route.query, schemas),
      ...parameters("header", route.headers, schemas),
      ...parameters("cookie", route.cookies, schemas),
      ...namedHeaders(route),
      { $ref: "#/components/parameters/AcceptLanguage" },
    ],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: requestContent(route.body, schemas) } }),
    responses: { ...success(route, schemas), ...refusals(route, open) },
  };
}

function needsOf({ access, limit, root }: Route): string {
  const codes = permissionsOf(access).map(({ code }) => `\`${code}\``);
  const needs =
    access === publicAccess
      ? "Open to anyone."
      : access === customerAccess
        ? "Needs a customer's sign-in."
        : codes.length === 0
          ? "Needs a login."
          : `Needs ${codes.join(" or ")}.`;
  const often = limit === undefined ? "" : ` At most ${limit.perMinute} a minute by ${limit.by}.`;
  return `${needs}${often}${root ? " Stands at the root of the server." : ""}`;
}

/** In an address, several values have commas between them, and a range is `name[gte]=…`. */
const styles: Readonly<Record<string, Json>> = {
  array: { style: "form", explode: false },
  object: { style: "deepObject", explode: true },
};

function parameters(
  place: "path" | "query" | "header" | "cookie",
  shape: z.ZodObject | undefined,
  schemas: Json,
): Json[] {
  return Object.entries(shape?.shape ?? {}).map(([name, field]) => {
    // What a query turns into a list or a range is described as that, not as the text it comes as.
    const schema = jsonSchema(field as z.ZodType, place === "query" ? "output" : "input", schemas);
    return {
      name,
      in: place,
      required: place === "path" || !z.safeParse(field as z.ZodType, undefined).success,
      ...styles[String(schema["type"])],
      schema,
    };
  });
}

/** Headers that a route has by what it promises. */
function namedHeaders({ idempotent, ifMatch, proofOfWork, reply }: Route): Json[] {
  const header = (name: string, required: boolean, description: string): Json => ({
    name,
    in: "header",
    required,
    description,
    schema: { type: "string" },
  });
  return [
    ...(idempotent
      ? [
          header(
            "Idempotency-Key",
            true,
            "Made up by the caller, 1 to 200 characters: repeated with the same key within a day, the call happens once.",
          ),
        ]
      : []),
    ...(ifMatch ? [header("If-Match", true, "The ETag of the version that this is based on.")] : []),
    ...(proofOfWork === undefined
      ? []
      : [
          header(
            proofHeader,
            false,
            `A solved challenge, in base64: ${proofOfWork === "always" ? "each call needs one" : "needed once many went wrong"}. ` +
              "Without one, `kit.proof_needed` brings the challenge; any solver of ALTCHA's proof of work takes it.",
          ),
        ]),
    ...(!isJson(reply) && reply.kind === "events"
      ? [header("Last-Event-ID", false, "The last event that arrived: the stream goes on after it.")]
      : []),
  ];
}

const acceptLanguage: Json = {
  name: "Accept-Language",
  in: "header",
  description: "The language of sentences in the answer: Chinese unless it asks for English.",
  schema: { type: "string", examples: ["en", "zh-CN"] },
};

const binary: Json = { type: "string", format: "binary" };

function requestContent(body: Body, schemas: Json): Json {
  if (isJson(body)) return { "application/json": { schema: jsonSchema(body, "input", schemas) } };
  if (body.kind !== "multipart") return { "*/*": { schema: binary } };
  const fields = jsonSchema(body.fields, "input", schemas) as { properties?: Json; required?: string[] };
  const files = Object.entries(body.files);
  const required = [...(fields.required ?? []), ...files.flatMap(([name, { optional }]) => (optional ? [] : [name]))];
  const properties = { ...fields.properties, ...Object.fromEntries(files.map(([name]) => [name, binary])) };
  const encoding = files.flatMap(([name, { contentTypes }]) =>
    contentTypes === undefined ? [] : [[name, { contentType: contentTypes.join(", ") }] as const],
  );
  const schema = { type: "object", properties, required, additionalProperties: false };
  return { "multipart/form-data": { schema, encoding: Object.fromEntries(encoding) } };
}

function success(route: Route, schemas: Json): Json {
  const { reply, sets, etag } = route;
  const declared = Object.entries(sets?.headers?.shape ?? {}).map(
    ([name, field]) => [name, { schema: jsonSchema(field as z.ZodType, "output", schemas) }] as const,
  );
  const text = { schema: { type: "string" } };
  const headers = {
    ...(route.idempotent
      ? { "Idempotency-Replayed": { ...text, description: "`true` if the answer is that of an earlier call." } }
      : {}),
    ...Object.fromEntries(declared),
    ...(sets?.cookies === undefined ? {} : { "Set-Cookie": text }),
    ...(etag === undefined ? {} : { ETag: text }),
  };
  const common = Object.keys(headers).length === 0 ? {} : { headers };
  if (isJson(reply)) {
    const schema = jsonSchema(reply, "output", schemas);
    const file =
      route.list === undefined
        ? {}
        : { "text/csv": { schema: { type: "string" } }, [exportTypes.xlsx]: { schema: binary } };
    const live = route.list?.live === undefined ? {} : { "text/event-stream": { schema: { type: "string" } } };
    return { 200: { description: "Done", content: { "application/json": { schema }, ...file, ...live }, ...common } };
  }
  if (reply.kind === "redirect")
    return { 302: { description: "Leads elsewhere", headers: { ...headers, Location: text } } };
  if (reply.kind === "bytes") return { 200: { description: "As the other side's protocol says", ...common } };
  if (reply.kind === "stream")
    return { 200: { description: "The bytes", content: { "*/*": { schema: binary } }, ...common } };
  const events = Object.entries(reply.events).map(([event, shape]) => ({
    type: "object",
    properties: { event: { const: event }, data: jsonSchema(shape, "output", schemas), id: { type: "string" } },
    required: ["event", "data"],
  }));
  const schema = { type: "string", description: "Server-sent events; `x-events` has their shapes." };
  return {
    200: { description: "Events", content: { "text/event-stream": { schema, "x-events": events } }, ...common },
  };
}

/** What programs may be told that call with an API key. */
const ofKeys = [effectRefused, keyNetworkRefused, keyOver, keyUsedUp];

function refusals(route: Route, open: boolean): Json {
  const { idempotent, ifMatch, limit } = route;
  const general = [
    invalidInput,
    ...(open ? [] : [unauthenticated]),
    ...(open || route.access === customerAccess
      ? []
      : typeof route.access === "string"
        ? [accountNeeded]
        : [forbidden, ...ofKeys]),
    ...(route.proofOfWork === undefined ? [] : [proofNeeded]),
    ...(idempotent ? [idempotencyKeyMissing, idempotencyKeyReused, idempotencyInProgress, idempotencyUnknown] : []),
    ...(ifMatch ? [preconditionFailed, preconditionRequired] : []),
    ...(limit === undefined ? [] : [tooManyRequests]),
    internalError,
  ];
  const byStatus = Map.groupBy<number, FaultDefinition>([...(route.faults ?? []), ...general], (each) => each.status);
  return Object.fromEntries(
    [...byStatus].map(([status, faults]) => [
      status,
      {
        description: faults.map(({ code, text }) => `\`${code}\`: ${text.en}`).join("\n\n"),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

/** Shapes that zod names (`meta({ id })`) come as `$defs`; OpenAPI wants them among its components. */
function jsonSchema(schema: z.ZodType, io: "input" | "output", schemas: Json): Json {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: target }) => {
      const meta = z.globalRegistry.get(zodSchema);
      const declared = target["field"] as { label: LocalizedText } | undefined;
      if (declared !== undefined) {
        delete target["field"];
        target.title ??= declared.label.en;
      }
      // What a service may hand over in another form (a Date) is one thing on the wire.
      if (meta !== undefined && "format" in meta) {
        delete target.anyOf;
        Object.assign(target, { type: meta["type"], format: meta["format"] });
      }
    },
  }) as Json & { $defs?: Json; $schema?: string };
  const { $defs, $schema: _, ...rest } = made;
  for (const [name, definition] of Object.entries($defs ?? {})) schemas[name] = hoisted(definition);
  return hoisted(rest) as Json;
}

function hoisted(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll("#/$defs/", "#/components/schemas/")) as unknown;
}
