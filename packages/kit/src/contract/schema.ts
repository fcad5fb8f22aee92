import type { z } from "zod";

/** A JSON Schema of 2020-12, as far as forms and lists read it; further keywords and metadata stand beside these. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

const made = new WeakMap<object, JsonSchema>();

/**
 * What a caller may send for `shape`. Where contracts are data (`data.ts`), the shape is its schema already; zod makes
 * it otherwise. Metadata of the shape (`.meta()`) stands in the schema.
 */
export function schemaOf(shape: z.ZodType): JsonSchema {
  if (!("toJSONSchema" in shape)) return shape;
  let schema = made.get(shape);
  if (schema === undefined) {
    schema = trimmed(shape.toJSONSchema({ io: "input", unrepresentable: "any" }) as JsonSchema);
    made.set(shape, schema);
  }
  return schema;
}

/** Keywords whose values are schemas by name: a name there is not a keyword. */
const namedSchemas: ReadonlySet<string> = new Set(["properties", "$defs", "patternProperties"]);
/** Keywords whose values are a schema, or several. Anything else (a default, metadata) stays as it is. */
const schemas: ReadonlySet<string> = new Set(
  "items prefixItems anyOf oneOf allOf not additionalProperties propertyNames".split(" "),
);

/** Without what says nothing: the dialect, closed objects, the range of safe integers, the pattern of a format. */
function trimmed(schema: JsonSchema): JsonSchema {
  const kept = Object.entries(schema).filter(([keyword, value]) => says(schema, keyword, value));
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, trimmedValue(keyword, value)]));
}

function trimmedValue(keyword: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (namedSchemas.has(keyword)) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, trimmed(each as JsonSchema)]));
  }
  if (!schemas.has(keyword)) return value;
  return Array.isArray(value) ? value.map((each) => trimmed(each as JsonSchema)) : trimmed(value as JsonSchema);
}

function says(schema: JsonSchema, keyword: string, value: unknown): boolean {
  if (keyword === "$schema") return false;
  if (keyword === "additionalProperties") return typeof value === "object" && Object.keys(value ?? {}).length > 0;
  if (keyword === "minimum" || keyword === "maximum") return Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER;
  return keyword !== "pattern" || schema.format === undefined;
}
