import type { FieldKind, FieldOptions } from "@zhanggui/kit/contract/field";
import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What `field()` says of a shape: it stands in the schema as metadata. */
export type Meta = { readonly label: LocalizedText } & FieldOptions;

/** One property as forms read it: references followed, null told apart, metadata of what it wraps taken over. */
export interface Shape {
  readonly schema: JsonSchema;
  readonly isNullable: boolean;
  readonly meta: Meta | undefined;
}

export type Definitions = Readonly<Record<string, JsonSchema>>;

/** Of contracts; schemas from outside are looked through before (`guard.ts`). */
const deepest = 32;

/** @throws Error for a reference that leads nowhere, or in a circle */
export function shapeOf(schema: JsonSchema, definitions: Definitions, depth = 0): Shape {
  if (depth > deepest) throw new Error("a schema refers to itself");
  const { $ref, anyOf, oneOf, ...rest } = schema;
  if (typeof $ref === "string") {
    const name = /^#\/\$defs\/([^/]+)$/.exec($ref)?.[1] ?? "";
    const target = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    if (target === undefined) throw new Error(`a schema refers to ${$ref}, which isn't there`);
    const { $ref: _, ...own } = schema;
    return shapeOf({ ...target, ...own }, definitions, depth + 1);
  }
  const branches = anyOf ?? oneOf ?? [];
  const [only, ...others] = branches.filter(({ type }) => type !== "null");
  if (only !== undefined && others.length === 0) {
    const inner = shapeOf({ ...only, ...rest }, definitions, depth + 1);
    return { ...inner, isNullable: inner.isNullable || branches.length > 1 };
  }
  const types = [schema.type ?? []].flat();
  const [type, ...more] = types.filter((each) => each !== "null");
  const isOne = type !== undefined && more.length === 0;
  return {
    schema: isOne ? { ...schema, type } : schema,
    isNullable: types.includes("null") && types.length > 1,
    meta: schema["field"] as Meta | undefined,
  };
}

/** The objects of which a value is one, told apart by a property that is constant in each; undefined elsewhere. */
export interface Variants {
  readonly by: string;
  readonly cases: readonly { readonly value: unknown; readonly schema: JsonSchema }[];
}

export function variantsOf({ oneOf, anyOf }: JsonSchema, definitions: Definitions): Variants | undefined {
  const objects = (oneOf ?? anyOf ?? []).map((branch) => shapeOf(branch, definitions).schema);
  const [first] = objects;
  const constant = (schema: JsonSchema, name: string): unknown => schema.properties?.[name]?.const;
  const by = Object.keys(first?.properties ?? {}).find((name) =>
    objects.every((schema) => constant(schema, name) !== undefined),
  );
  return by === undefined
    ? undefined
    : { by, cases: objects.map((schema) => ({ value: constant(schema, by), schema })) };
}

const kindOfFormat: Readonly<Record<string, FieldKind>> = {
  "date-time": "instant",
  date: "day",
  uri: "link",
  email: "mail",
  uuid: "id",
};

/** What a value of this schema is, where nobody says it. */
export function kindOf(schema: JsonSchema): FieldKind {
  const { type, format = "" } = schema;
  if (schema.enum !== undefined || schema.const !== undefined) return "choice";
  if (type === "boolean") return "yesNo";
  if (type === "number" || type === "integer") return "number";
  return kindOfFormat[format] ?? "text";
}

/** The values of a schema that takes only a few; undefined elsewhere. */
export function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  return schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
}

/** The smallest and the largest number, both included, as far as that can be said. */
export function rangeOf(schema: JsonSchema): { readonly min?: number; readonly max?: number; readonly step?: number } {
  const { type, minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below, multipleOf } = schema;
  const isWhole = type === "integer";
  const min = minimum ?? (above === undefined ? undefined : isWhole ? Math.floor(above) + 1 : above);
  const max = maximum ?? (below === undefined ? undefined : isWhole ? Math.ceil(below) - 1 : below);
  const step = typeof multipleOf === "number" ? multipleOf : isWhole ? 1 : undefined;
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(step === undefined ? {} : { step }),
  };
}
