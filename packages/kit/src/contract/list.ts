import { z } from "zod";
import type { FaultFactory } from "./fault.ts";
import { type Declared, fieldInfo, type FieldInfo, unwrapped } from "./field.ts";
import { PageQuery, pageOf, Total } from "./page.ts";
import type { Access } from "./permission.ts";
import { route, type Route } from "./route.ts";
import type { ListInfo, Noun } from "./list-info.ts";
import { oneOf, range, Search, type Range } from "./list-query.ts";
import type { LocalizedText } from "./text.ts";
import { Zone } from "./time.ts";

type Shapes = Readonly<Record<string, z.ZodType>>;
type Sortable<Item extends z.ZodObject> = {
  [Name in keyof Item["shape"]]: Item["shape"][Name] extends Declared<{ readonly sort: true | string }> ? Name : never;
}[keyof Item["shape"]] &
  string;
/** `name`, or `-name` for the largest first. */
type Sort<Item extends z.ZodObject> = Sortable<Item> | `-${Sortable<Item>}`;

type OneOf<Value> = [Value] extends [boolean]
  ? z.ZodType<boolean, boolean>
  : z.ZodType<readonly Value[], Value | readonly Value[]>;
type FilterOf<Shape> =
  Shape extends Declared<{ readonly filter: infer By extends true | "range" }>
    ? Shape extends z.ZodType
      ? By extends "range"
        ? z.ZodType<Range<NonNullable<z.output<Shape>>>, Range<NonNullable<z.output<Shape>>>>
        : OneOf<NonNullable<z.output<Shape>>>
      : never
    : never;
type Filters<Item extends z.ZodObject> = {
  [
    Name in keyof Item["shape"] as Item["shape"][Name] extends Declared<{ readonly filter: true | "range" }>
      ? Name
      : never
  ]: z.ZodOptional<FilterOf<Item["shape"][Name]>>;
};
type ListQuery<Item extends z.ZodObject, Extra extends Shapes> = z.ZodObject<
  (typeof PageQuery)["shape"] &
    Filters<Item> & {
      readonly sort: z.ZodOptional<z.ZodType<Sort<Item>, Sort<Item>>>;
      readonly search: z.ZodOptional<z.ZodType<string, string>>;
      readonly columns: z.ZodOptional<z.ZodType<readonly string[], string | readonly string[]>>;
      readonly zone: z.ZodOptional<typeof Zone>;
    } & { [Name in keyof Extra]: z.ZodOptional<Extra[Name]> }
>;
type ListReply<Item extends z.ZodObject> = z.ZodObject<
  ReturnType<typeof pageOf<Item>>["shape"] & {
    readonly total: z.ZodOptional<typeof Total>;
    readonly sums: z.ZodOptional<z.ZodType<Readonly<Record<string, number | null>>>>;
  }
>;

export interface ListSpec {
  readonly item: z.ZodObject;
  readonly noun: Noun;
  readonly access: Access;
  readonly summary?: string;
  /** Left out, the first that can be sorted by, the largest first. */
  readonly sort?: string;
  /** Says in a few words where a search looks: "Name, phone or openid". */
  readonly search?: LocalizedText;
  /** What isn't a field of its rows, made by `field()` too; one value each. */
  readonly filters?: Shapes;
  /** Its rows come and change by themselves: whoever reads it is told. A string: in tables that begin so, `a_|b_`. */
  readonly live?: ListInfo["live"];
  /** The column of its rows that names whose each is; its permission is one that is declared as scoped. */
  readonly owner?: string;
  readonly params?: z.ZodObject;
  readonly faults?: readonly FaultFactory[];
}
type ExtraOf<Spec> = Spec extends { readonly filters: infer Extra extends Shapes }
  ? Extra
  : Readonly<Record<never, never>>;
type ListRouteOf<Spec extends ListSpec> = Route<
  {
    readonly summary: string;
    readonly access: Access;
    readonly query: ListQuery<Spec["item"], ExtraOf<Spec>>;
    readonly reply: ListReply<Spec["item"]>;
    readonly list: ListInfo;
  } & (Spec extends { readonly params: infer Params extends z.ZodObject } ? { readonly params: Params } : unknown) &
    (Spec extends { readonly faults: infer Faults extends readonly FaultFactory[] }
      ? { readonly faults: Faults }
      : unknown)
>;

export type ListRoute = Route & { readonly list: ListInfo };

/**
 * A list is a kind of route: paged by keyset, sorted, narrowed and searched as its fields say. The first page tells how
 * many there are. Asked for `text/csv` it answers everything that matches, as a file; a live one, asked for
 * `text/event-stream`, tells when rows have changed.
 */
export function list<Spec extends ListSpec>(
  path: `/${string}`,
  spec: Spec & { readonly sort?: Sort<Spec["item"]> },
): ListRouteOf<Spec> {
  const { item, noun, access, filters = {}, search, live, owner, params, faults }: ListSpec = spec;
  const fields = infosOf(item.shape);
  const sorts = fields.flatMap(({ name, sort }) => (sort === undefined ? [] : [name, `-${name}`]));
  const [first = "id", largestFirst = `-${first}`] = sorts;
  const info: ListInfo = {
    noun,
    fields,
    filters: infosOf(filters),
    sort: spec.sort ?? largestFirst,
    ...(search === undefined ? {} : { search }),
    ...(live === undefined ? {} : { live }),
    ...(owner === undefined ? {} : { owner }),
  };
  const made = route.get(path, {
    summary: spec.summary ?? `${noun.plural.charAt(0).toUpperCase()}${noun.plural.slice(1)}, page by page`,
    access,
    ...(params === undefined ? {} : { params }),
    query: PageQuery.extend({
      ...Object.fromEntries(fields.flatMap((info) => filterOf(info, item.shape))),
      ...Object.fromEntries(Object.entries(filters).map(([name, shape]) => [name, shape.optional()])),
      ...(sorts.length === 0 ? {} : { sort: z.enum(sorts as [string, ...string[]]).optional() }),
      ...(search === undefined ? {} : { search: Search.optional() }),
      columns: oneOf(z.enum(fields.map(({ name }) => name) as [string, ...string[]]))
        .optional()
        .meta({ description: "Of an export: which columns, in their order" }),
      zone: Zone.optional().meta({ description: "Of an export: whose clock its times are of" }),
    }),
    reply: pageOf(item).extend({ total: Total.optional(), ...sumsOf(fields, item.shape) }),
    ...(faults === undefined ? {} : { faults }),
    list: info,
  });
  return made as never;
}

/** Of the fields whose totals are told: each is for whoever may see the field, and null where too many match. */
function sumsOf(fields: readonly FieldInfo[], shapes: Shapes): Shapes {
  const summed = fields.filter(({ total }) => total);
  if (summed.length === 0) return {};
  const shape = summed.map(({ name }) => {
    const meta = [...unwrapped(shapes[name] ?? z.never())].map((each) => each.meta()?.["field"]).find(Boolean);
    return [name, z.number().nullable().meta({ field: meta })];
  });
  return { sums: z.object(Object.fromEntries(shape) as Shapes).optional() };
}

function infosOf(shapes: Shapes): FieldInfo[] {
  return Object.entries(shapes).flatMap(([name, shape]) => fieldInfo(name, shape) ?? []);
}

function filterOf({ name, filter, label }: FieldInfo, shapes: Shapes): (readonly [string, z.ZodType])[] {
  const value = [...unwrapped(shapes[name] ?? z.never())].at(-1);
  if (filter === undefined || value === undefined) return [];
  const shape = filter === "yesNo" ? z.stringbool() : filter === "range" ? range(value) : oneOf(value);
  return [[name, shape.optional().meta({ description: label.en })]];
}
