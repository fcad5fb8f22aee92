import { z } from "zod";
import { Problem } from "../../contract/client.ts";
import type { FaultDefinition } from "../../contract/fault.ts";
import { invalidInput, unauthenticated, forbidden, internalError } from "../../contract/faults.ts";
import { publicAccess, authenticated } from "../../contract/permission.ts";
import type { Contract, Route } from "../../contract/route.ts";

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
      const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
      paths[path] = { ...paths[path], [route.method]: operation(route, module, schemas) };
    }
  }
  schemas["Problem"] = jsonSchema(Problem, "output", schemas);
  return {
    openapi: "3.1.0",
    info: {
      title: "Zhanggui 掌柜",
      version: about.version,
      description: "Every refusal is `application/problem+json` (RFC 9457) with a stable `code`.",
    },
    servers: [{ url: `${about.url}/api` }],
    tags: Object.keys(contracts).map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function operation(route: Route, module: string, schemas: Json): Json {
  const open = route.access === publicAccess;
  const needs = open
    ? "Open to anyone."
    : route.access === authenticated
      ? "Needs a login."
      : `Needs \`${(route.access as { code: string }).code}\`.`;
  return {
    operationId: route.id,
    tags: [module],
    summary: route.summary,
    description: needs,
    security: open ? [] : [{ token: [] }],
    parameters: [...parameters("path", route.params, schemas), ...parameters("query", route.query, schemas)],
    ...(route.body === undefined || route.raw
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: jsonSchema(route.body, "input", schemas) } },
          },
        }),
    responses: {
      200: route.raw
        ? { description: "As the other side's protocol says" }
        : {
            description: "Done",
            content: { "application/json": { schema: jsonSchema(route.reply, "output", schemas) } },
          },
      ...refusals(route, open),
    },
  };
}

function parameters(place: "path" | "query", shape: z.ZodObject | undefined, schemas: Json): Json[] {
  return Object.entries(shape?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: place === "path" || !z.safeParse(field as z.ZodType, undefined).success,
    schema: jsonSchema(field as z.ZodType, "input", schemas),
  }));
}

function refusals(route: Route, open: boolean): Json {
  const general = [
    invalidInput,
    ...(open ? [] : [unauthenticated]),
    ...(typeof route.access === "string" ? [] : [forbidden]),
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
      if (meta !== undefined && "format" in meta && target.type === undefined) {
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
