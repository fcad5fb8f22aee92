import type { z } from "zod";

type Definition = z.core.$ZodTypes["_zod"]["def"];

/** What JSON has no word for, and what to write instead. */
const lossy: Readonly<Record<string, string>> = {
  date: "a Date becomes text; use Instant or z.iso.datetime()",
  bigint: "a bigint can't be written; use a string",
  map: "a Map becomes {}; use z.record() or an array of pairs",
  set: "a Set becomes {}; use an array",
  symbol: "a symbol is left out",
  undefined: "undefined is left out; use null, or .optional() on a field",
  void: "undefined is left out; use null, or .optional() on a field",
  nan: "NaN becomes null",
  function: "a function is left out",
  file: "a file becomes {}; store it and pass its id",
  promise: "a promise becomes {}",
  custom: "a class's instance loses its class; describe its fields",
  transform: "nobody can tell what a transform makes; say it with .meta({ type })",
};

/**
 * Makes sure, when a schema is declared, that a value of it is the same after a way through JSON.
 *
 * @param what names the schema in the error
 * @throws Error naming the field and the reason
 */
export function assertSurvivesJson(what: string, schema: z.core.$ZodType): void {
  walk(what, schema, new Set());
}

function walk(path: string, schema: z.core.$ZodType, seen: Set<z.core.$ZodType>): void {
  if (seen.has(schema)) return;
  seen.add(schema);
  // Whoever writes down the JSON type of a schema has thought of it.
  if (hasJsonType(schema)) return;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const reason = lossy[def.type];
  if (reason !== undefined) throw new Error(`${path} doesn't survive JSON: ${reason}`);
  if (def.type === "literal" && def.values.some((value) => value === undefined || typeof value === "bigint")) {
    throw new Error(`${path} doesn't survive JSON: ${lossy[def.values.includes(undefined) ? "undefined" : "bigint"]}`);
  }
  for (const [name, inner] of partsOf(def)) walk(name === "" ? path : `${path}.${name}`, inner, seen);
}

function hasJsonType(schema: z.core.$ZodType): boolean {
  const meta =
    "meta" in schema && typeof schema.meta === "function" ? (schema.meta() as { type?: unknown } | undefined) : {};
  return typeof meta?.type === "string";
}

/** The schemas that a schema is made of, each with the name of its field. */
function partsOf(def: Definition): [name: string, schema: z.core.$ZodType][] {
  switch (def.type) {
    case "object":
      return [...Object.entries(def.shape), ...(def.catchall === undefined ? [] : [anyField(def.catchall)])];
    case "array":
      return [["[]", def.element]];
    case "tuple":
      return [...def.items.map((item, at): [string, z.core.$ZodType] => [String(at), item]), ...optional(def.rest)];
    case "record":
      return [anyField(def.valueType)];
    case "union":
      return def.options.map((option) => ["", option]);
    case "intersection":
      return [
        ["", def.left],
        ["", def.right],
      ];
    case "pipe":
      return [
        ["", def.in],
        ["", def.out],
      ];
    case "lazy":
      return [["", def.getter()]];
    default:
      return "innerType" in def ? [["", def.innerType]] : [];
  }
}

function anyField(schema: z.core.$ZodType): [string, z.core.$ZodType] {
  return ["*", schema];
}

function optional(schema: z.core.$ZodType | null): [string, z.core.$ZodType][] {
  return schema === null ? [] : [anyField(schema)];
}
