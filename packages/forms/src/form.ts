import type { Condition, Json } from "@zhanggui/kit/contract/condition";
import type { Expression } from "@zhanggui/kit/contract/expression";
import type { Choice, FieldKind } from "@zhanggui/kit/contract/field";
import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import {
  type Definitions,
  kindOf,
  type Meta,
  rangeOf,
  shapeOf,
  valuesOf,
  type Variants,
  variantsOf,
} from "./schema-shape.ts";

/** A form as plain data: what is asked for, in its order. */
export interface Form {
  readonly fields: readonly FormField[];
  /** Fields that stand together: those of one nested object. The others stand alone. */
  readonly groups?: readonly Section[];
  /** Fields that are asked for one page after the other. */
  readonly steps?: readonly Section[];
}

export interface Section {
  readonly name: string;
  readonly label: LocalizedText;
  readonly hint?: LocalizedText;
  /** Names of fields. */
  readonly fields: readonly string[];
}

export interface FormField {
  /** Where its value stands: a field of a nested object has a dot in its name, as in `address.city`. */
  readonly name: string;
  readonly label: LocalizedText;
  /** The name of the component that takes it. */
  readonly input: string;
  readonly kind: FieldKind;
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  /** For whoever it is shown to; see `access.ts`. */
  readonly isReadOnly?: true;
  /** The codes of the permissions that it takes to see it, or to send it. */
  readonly readBy?: string;
  readonly writeBy?: string;
  readonly hint?: LocalizedText;
  readonly placeholder?: LocalizedText;
  /** Every value it can take, in words. */
  readonly choices?: Readonly<Record<string, Choice>>;
  /** The smallest and largest number; both included. */
  readonly min?: number;
  readonly max?: number;
  /** Numbers are multiples of it: 1 for whole ones. */
  readonly step?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  /** What the pattern asks for, in words. */
  readonly rule?: LocalizedText;
  /** Of JSON Schema: `uri`, `email`, `date-time` … */
  readonly format?: string;
  readonly default?: unknown;
  readonly showWhen?: Condition;
  readonly disableWhen?: Condition;
  readonly requireWhen?: Condition;
  readonly compute?: Expression;
  /** Its value is a list: of some of the choices, of texts, or of rows. */
  readonly isList?: true;
  /** Of repeatable rows: the fields of one. Its value is a list of objects. */
  readonly rows?: Form;
  /** How many rows, or how many of the choices. */
  readonly minItems?: number;
  readonly maxItems?: number;
}

/**
 * The form of a JSON Schema: of a route's body, as it stands in the contract. Properties in their order, as far as
 * `field()` names them. A nested object becomes a group, a list of objects repeatable rows; of objects that are told
 * apart by a constant, that constant is a choice, and each object's fields are shown where it is chosen.
 *
 * @throws Error for a schema whose references lead nowhere or in a circle
 */
export function formOf(schema: JsonSchema): Form {
  const definitions = (schema["$defs"] ?? {}) as Definitions;
  const groups: Section[] = [];
  // A shape that has a name of its own is a reference to itself.
  const whole = schema["$ref"] === undefined ? schema : shapeOf(schema, definitions).schema;
  const fields = fieldsOf(whole, { definitions, groups, prefix: "", showWhen: undefined });
  return { fields, ...(groups.length === 0 ? {} : { groups }) };
}

/** Where a property stands. */
interface Place {
  readonly definitions: Definitions;
  /** Filled as groups are met. */
  readonly groups: Section[];
  /** What names of a nested object begin with. */
  readonly prefix: string;
  readonly showWhen: Condition | undefined;
}

function fieldsOf(schema: JsonSchema, place: Place): FormField[] {
  const { properties = {}, required = [] } = schema;
  const fields = Object.entries(properties).flatMap(([name, property]) =>
    propertyFields(name, property, required.includes(name), place),
  );
  const variants = variantsOf(schema, place.definitions);
  return variants === undefined ? fields : [...fields, ...variantFields(variants, place)];
}

/** The choice between variants, then the fields of each; one that several have is asked for once. */
function variantFields({ by, cases }: Variants, place: Place): FormField[] {
  const names = new Map<string, Json[]>();
  const fields = new Map<string, FormField>();
  for (const { value, schema } of cases) {
    const { [by]: _, ...properties } = schema.properties ?? {};
    for (const field of fieldsOf({ ...schema, properties }, place)) {
      fields.set(field.name, fields.get(field.name) ?? field);
      names.set(field.name, [...(names.get(field.name) ?? []), value as Json]);
    }
  }
  const shown = [...fields.values()].map((field) => {
    const isChosen = { field: by, is: "in", value: names.get(field.name) ?? [] } as const;
    return { ...field, showWhen: both(isChosen, field.showWhen) };
  });
  return [...propertyFields(by, choiceBetween({ by, cases }), true, place), ...shown];
}

/** The constants of all variants as one choice, in the words that each has for its own. */
function choiceBetween({ by, cases }: Variants): JsonSchema {
  const metas = cases.map(({ schema }) => schema.properties?.[by]?.["field"] as Meta | undefined);
  const choices = Object.assign({}, ...metas.map((meta) => meta?.choices)) as NonNullable<Meta["choices"]>;
  const meta = metas.find((each) => each !== undefined);
  return { enum: cases.map(({ value }) => value), ...(meta === undefined ? {} : { field: { ...meta, choices } }) };
}

function propertyFields(name: string, property: JsonSchema, isKey: boolean, place: Place): FormField[] {
  const { schema, isNullable, meta } = shapeOf(property, place.definitions);
  if (meta === undefined) return [];
  const path = `${place.prefix}${name}`;
  const showWhen = meta.showWhen === undefined ? place.showWhen : both(meta.showWhen, place.showWhen);
  // What has a kind is one value, however many parts it has.
  if (schema.type === "object" && schema.properties !== undefined && meta.kind === undefined) {
    const fields = fieldsOf(schema, { ...place, prefix: `${path}.`, showWhen });
    const names = fields.map((field) => field.name);
    if (!place.groups.some((group) => group.name === path)) {
      place.groups.push({ name: path, ...pick(meta, "label", "hint"), fields: names });
    }
    return fields;
  }
  const isRequired = isKey && !isNullable && (schema.type !== "array" || Number(schema["minItems"] ?? 0) > 0);
  return [
    {
      name: path,
      ...pick(meta, "label", "hint", "placeholder", "rule", "disableWhen", "requireWhen", "compute"),
      ...inputOf(schema, meta, place.definitions),
      isRequired,
      isNullable,
      ...(showWhen === undefined ? {} : { showWhen }),
      ...(meta.readBy === undefined ? {} : { readBy: meta.readBy.code }),
      ...(meta.writeBy === undefined ? {} : { writeBy: meta.writeBy.code }),
    },
  ];
}

type Input = Omit<FormField, "name" | "label" | "isRequired" | "isNullable">;

function inputOf(schema: JsonSchema, meta: Meta, definitions: Definitions): Input {
  const limits = pick(schema as Input & JsonSchema, "minLength", "maxLength", "pattern", "format", "default");
  const counts = pick(schema as Input & JsonSchema, "minItems", "maxItems");
  const items = schema.type === "array" ? shapeOf(schema.items ?? {}, definitions).schema : undefined;
  if (items !== undefined && (items.properties !== undefined || variantsOf(items, definitions) !== undefined)) {
    const rows = formOf({ ...items, $defs: definitions });
    return { kind: meta.kind ?? "rows", input: meta.input ?? "rows", isList: true, ...limits, ...counts, rows };
  }
  const kind = meta.kind ?? kindOf(items ?? schema);
  const values = valuesOf(items ?? schema);
  const choices = values === undefined ? meta.choices : wordsOf(values, meta.choices);
  const input = meta.input ?? componentOf(kind, schema);
  return {
    kind,
    input,
    ...(items === undefined ? {} : { isList: true }),
    ...limits,
    ...counts,
    ...rangeOf(schema),
    ...(choices === undefined ? {} : { choices }),
  };
}

/** Every value has a word, itself if there is no better. */
function wordsOf(values: readonly unknown[], words: Meta["choices"] = {}): Readonly<Record<string, Choice>> {
  const names = values.filter((value) => value !== null).map(String);
  const wordOf = (name: string): Choice | undefined => (Object.hasOwn(words, name) ? words[name] : undefined);
  return Object.fromEntries(names.map((name) => [name, wordOf(name) ?? { zh: name, en: name }]));
}

/** From so many characters on a text has several lines. */
const longText = 200;

function componentOf(kind: FieldKind, { type, maxLength = 0, pattern }: JsonSchema): string {
  if (type === "array") return kind === "choice" ? "selectMany" : kind === "text" ? "texts" : kind;
  if (kind === "choice") return "select";
  if (kind === "yesNo") return "switch";
  if (kind === "count") return "number";
  if (kind === "text" && maxLength > longText && pattern === undefined) return "textarea";
  return ["link", "phone", "mail", "id"].includes(kind) ? "text" : kind;
}

function both(first: Condition, second: Condition | undefined): Condition {
  return second === undefined ? first : { all: [first, second] };
}

/** Of an object, what is there under these names. */
function pick<Of extends object, Name extends keyof Of>(of: Of, ...names: readonly Name[]): Pick<Of, Name> {
  const found = names.filter((name) => of[name] !== undefined).map((name) => [name, of[name]]);
  return Object.fromEntries(found) as Pick<Of, Name>;
}
