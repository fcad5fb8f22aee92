import type { z } from "zod";
import type { Condition } from "./condition.ts";
import type { Expression } from "./expression.ts";
import type { Permission } from "./permission.ts";
import type { LocalizedText } from "./text.ts";

/** How a value is shown, typed and written into exports. */
export type FieldKind =
  | "text"
  | "number"
  | "count"
  /** A number that is counted up to `countLimit` only: one more means that there are more. */
  | "counted"
  | "money"
  | "instant"
  | "day"
  | "yesNo"
  | "choice"
  | "link"
  | "phone"
  | "mail"
  | "id"
  | (string & {});

export type Tone = "good" | "warn" | "bad" | "info" | "quiet";
/** A value out of a few, in words. */
export interface Choice extends LocalizedText {
  readonly tone?: Tone;
  readonly hint?: LocalizedText;
}

export interface FieldOptions {
  /** Left out, it follows from the shape: an enum is a choice, an `Instant` an instant … */
  readonly kind?: FieldKind;
  /** The words of an enum's or a yes-or-no's values. */
  readonly choices?: Readonly<Record<string, Choice>>;
  /**
   * Lists can be sorted by it. The name of another column stands for one that has the same order: `"id"`, whose ids
   * rise with time, for the instant a row was made at (within an hour), needs no index of its own.
   */
  readonly sort?: true | string;
  /** Lists can be narrowed by it: to one of several values, or to those in a range. */
  readonly filter?: true | "range";
  /**
   * No index serves it: the list is sorted and narrowed by it only where no more than `countLimit` rows are left, and
   * says so otherwise.
   */
  readonly unindexed?: true;
  /** A number: a list's foot says the sum of all that match, while no more than `countLimit` do. */
  readonly total?: true;
  /** Lists offer the filter behind "more filters": few look for it, or come by a link that is narrowed by it. */
  readonly seldom?: true;
  /** On a phone, which has room for two columns, it stands beside what the row is called. */
  readonly narrow?: true;
  /** The column isn't shown until somebody chooses it. */
  readonly hidden?: true;
  readonly hint?: LocalizedText;
  readonly width?: string;
  /** In forms: the name of the component that takes it. Left out, it follows from kind and shape. */
  readonly input?: string;
  readonly placeholder?: LocalizedText;
  /** What its pattern asks for, in words: said where a value doesn't match. */
  readonly rule?: LocalizedText;
  /** In forms: asked for only then, and sent only then. */
  readonly showWhen?: Condition;
  readonly disableWhen?: Condition;
  /** Besides where its shape says so. */
  readonly requireWhen?: Condition;
  /** In forms: nobody types it, it follows from other fields. */
  readonly compute?: Expression;
  /** Who may see it: to everybody else it is null, or left out if it is optional, and no list tells it by its order. */
  readonly readBy?: Permission;
  /** Who may send it; whoever may not see it can't send it either. */
  readonly writeBy?: Permission;
}

declare const options: unique symbol;
/** What a field is declared with, for types alone: a list's query follows from it. */
export interface Declared<Options extends FieldOptions = FieldOptions> {
  readonly [options]: Options;
}

/** What is known of a field besides its shape, as plain data: columns, filters, forms and exports are made of it. */
export interface FieldInfo extends Omit<FieldOptions, "filter" | "kind" | "readBy" | "writeBy"> {
  readonly name: string;
  readonly label: LocalizedText;
  readonly kind: FieldKind;
  readonly isNullable: boolean;
  readonly filter?: "oneOf" | "range" | "yesNo";
  /** The code of the permission that it takes to see it, or to send it. */
  readonly readBy?: string;
  readonly writeBy?: string;
}

type Meta = { readonly label: LocalizedText } & FieldOptions;

/**
 * Says once how a field is called and what lists may do with it; tables, filters, forms, exports and the API's page
 * read it here. The shape is a copy: shared ones keep their own names.
 */
export function field<Shape extends z.ZodType, const Options extends FieldOptions = object>(
  shape: Shape,
  label: LocalizedText,
  given?: Options,
): Shape & Declared<Options> {
  const meta: Meta = { label, ...given };
  return shape.meta({ field: meta }) as Shape & Declared<Options>;
}

/** What a field was declared with; undefined for one that no `field()` names. */
export function fieldInfo(name: string, shape: z.ZodType): FieldInfo | undefined {
  const layers = [...unwrapped(shape)];
  const meta = layers.map((layer) => layer.meta()?.["field"] as Meta | undefined).find((found) => found !== undefined);
  if (meta === undefined) return undefined;
  const { filter, readBy, writeBy, ...rest } = meta;
  const kind = meta.kind ?? kindOf(layers.at(-1) ?? shape);
  const isNullable = layers.some((layer) => layer.def.type === "nullable");
  const by = filter === true ? (layers.at(-1)?.def.type === "boolean" ? "yesNo" : "oneOf") : filter;
  return {
    ...rest,
    name,
    kind,
    isNullable,
    ...(by === undefined ? {} : { filter: by }),
    ...(readBy === undefined ? {} : { readBy: readBy.code }),
    ...(writeBy === undefined ? {} : { writeBy: writeBy.code }),
  };
}

/** The shape, and what it wraps: optional, nullable, default … */
export function* unwrapped(shape: z.ZodType): Generator<z.ZodType, void, undefined> {
  yield shape;
  const { innerType } = shape.def as { innerType?: z.ZodType };
  if (innerType !== undefined) yield* unwrapped(innerType);
}

function kindOf(shape: z.ZodType): FieldKind {
  const { type, format } = shape.def as { type: string; format?: string };
  if (type === "enum" || type === "literal") return "choice";
  if (type === "boolean") return "yesNo";
  if (type === "number" || type === "int") return "number";
  const known = format ?? (shape.meta()?.["format"] as string | undefined);
  if (known === "date-time" || known === "datetime") return "instant";
  if (known === "date") return "day";
  if (known === "url") return "link";
  if (known === "email") return "mail";
  if (known === "uuid") return "id";
  return "text";
}
