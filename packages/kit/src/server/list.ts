import {
  type Expression,
  expressionBuilder,
  type ExpressionBuilder,
  type SelectQueryBuilder,
  sql,
  type SqlBool,
} from "kysely";
import type { FieldInfo } from "../contract/field.ts";
import { listTooLong } from "../contract/faults.ts";
import type { ListInfo } from "../contract/list-info.ts";
import type { ListRoute } from "../contract/list.ts";
import { comparisons, type Range } from "../contract/list-query.ts";
import { countLimit } from "../contract/count-limit.ts";
import type { Flat, Out } from "../contract/route.ts";
import type { Access } from "../contract/permission.ts";
import type { Ctx } from "./ctx.ts";
import { scopeFor, within } from "./data-scope.ts";
import { readSorted, type Sorting } from "./list-page.ts";
import { totalOf } from "./paging.ts";
import { type Found, matching } from "./search.ts";
import type { Tables } from "./tables.ts";

type Item<R extends ListRoute> = Out<R> extends { items: readonly (infer Each)[] } ? Each : never;
type Given<R extends ListRoute> = Flat<R> & { readonly cursor?: string; readonly limit: number };
type InPath<R> = R extends { readonly params: { readonly shape: infer Shape } } ? keyof Shape : never;
type FilterName<R extends ListRoute> = Exclude<
  keyof Flat<R>,
  "cursor" | "limit" | "sort" | "search" | "columns" | "zone" | InPath<R>
>;
/** What a condition is made with: the list's rows are `item`, each field a column of it. */
export type Rows<Row> = ExpressionBuilder<Tables & { item: Row }, "item">;
export type Condition = Expression<SqlBool>;

/** A filter that no column has the name of is written by hand, and one that lacks doesn't compile. */
type ByHand<R extends ListRoute, Row> = Exclude<FilterName<R>, keyof Row>;
interface Search {
  /** Finds the rows that hold what was typed. */
  readonly search?: (part: string) => Promise<Found>;
}
type Filter<R extends ListRoute, Row, Name extends FilterName<R>> = (
  rows: Rows<Row>,
  value: NonNullable<Flat<R>[Name]>,
) => Condition | Promise<Condition>;
type Filters<R extends ListRoute, Row> = { readonly [Name in ByHand<R, Row>]: Filter<R, Row, Name> } & {
  readonly [Name in Exclude<FilterName<R>, ByHand<R, Row>>]?: Filter<R, Row, Name>;
};
type Present<R extends ListRoute, Row> = (rows: readonly Row[]) => Promise<readonly Item<R>[]> | readonly Item<R>[];
export type ListOptions<R extends ListRoute, Row> = Search &
  ([ByHand<R, Row>] extends [never] ? { readonly filters?: Filters<R, Row> } : { readonly filters: Filters<R, Row> }) &
  (Row extends Item<R> ? { readonly present?: Present<R, Row> } : { readonly present: Present<R, Row> });

type Optional<Options> = object extends Options ? [options?: Options] : [options: Options];

/**
 * One page of a list, as its route declares it: sorted, narrowed, searched, with the total on the first page.
 *
 * @param rows the list before anybody narrowed it; its columns are called like the item's fields
 * @param options `present` adds to the rows of one page what other tables and modules know, in one query for all
 * @throws Fault `kit.invalid_input` for a cursor of another list or order; `kit.list_too_long` for a sort or a filter
 *   that no index serves, while more than `countLimit` rows are left
 */
export async function listOf<R extends ListRoute, Row extends { readonly id: string }>(
  ctx: Ctx,
  route: R,
  input: Flat<R>,
  // oxlint-disable-next-line no-explicit-any -- whatever tables it is of, its rows are what counts
  rows: SelectQueryBuilder<any, any, Row>,
  ...[options]: Optional<ListOptions<R, Row>>
): Promise<Out<R>> {
  const { present, ...narrows } = (options ?? {}) as Options<Row>;
  const given = input as Given<R> & Readonly<Record<string, unknown>>;
  const sort = sortingOf(route, given);
  const { all, conditions, found } = await matches(ctx, route, given, rows, narrows, sort.isUnindexed);
  // One after the other: a list takes one of the pool's connections, not two.
  const page = await readSorted<Row>(narrowed(all, conditions, found), given, sort);
  const total = given.cursor === undefined ? await totalFound(ctx, all, conditions, found) : undefined;
  const sums =
    total === undefined ? undefined : await sumsFound(ctx, route.list, narrowed(all, conditions, found), total);
  const items = present === undefined ? page.items : await present(page.items);
  const told = { ...(total === undefined ? {} : { total }), ...(sums === undefined ? {} : { sums }) };
  return { items, next: page.next, ...told } as never;
}

/** How a list's query narrows it, besides by its columns. */
export interface Narrows<Row> extends Search {
  readonly filters?: Readonly<
    Record<string, ((rows: Rows<Row>, value: never) => Condition | Promise<Condition>) | undefined>
  >;
}
interface Options<Row> extends Narrows<Row> {
  readonly present?: (rows: readonly Row[]) => unknown;
}

/** What a list's query matches, as conditions on its rows, which are called `item`. */
export interface Matches<Row> {
  readonly all: SelectQueryBuilder<Tables & { item: Row }, "item", object>;
  readonly conditions: readonly Condition[];
  readonly found: Found | undefined;
}

/** @throws Fault `kit.list_too_long` for what no index serves, while more than `countLimit` rows are left */
export async function matches<Row>(
  ctx: Ctx,
  { list, access }: { readonly list: ListInfo; readonly access: Access },
  given: Readonly<Record<string, unknown>>,
  // oxlint-disable-next-line no-explicit-any -- whatever tables it is of, its rows are what counts
  rows: SelectQueryBuilder<any, any, Row>,
  { search, filters = {} }: Narrows<Row>,
  isUnindexed = false,
): Promise<Matches<Row>> {
  const narrowing = await Narrowing.read(list, given, filters);
  if (list.owner !== undefined && scopeFor(ctx.actor, access) !== "all")
    narrowing.fast.push(within(ctx.actor, access, `item.${list.owner}`));
  const part = given["search"] as string | undefined;
  if (part !== undefined && search === undefined)
    throw new Error(`the list of ${list.noun.plural} has a search that nobody answers`);
  const found = part === undefined || part === "" ? undefined : await search?.(part);
  const all = ctx.db.selectFrom(rows.as("item")) as Matches<Row>["all"];
  if (isUnindexed || narrowing.slow.length > 0) {
    const left = await totalOf(ctx, narrowed(all, narrowing.fast, found));
    if (left > countLimit) throw listTooLong({ limit: countLimit });
  }
  return { all, conditions: [...narrowing.fast, ...narrowing.slow], found };
}

/** What a list is narrowed by, what an index serves and what none does. */
class Narrowing {
  readonly fast: Condition[] = [];
  readonly slow: Condition[] = [];

  static async read<Row>(
    list: ListInfo,
    given: Readonly<Record<string, unknown>>,
    byHand: NonNullable<Narrows<Row>["filters"]>,
  ): Promise<Narrowing> {
    const made = new Narrowing();
    const rows = expressionBuilder<Tables & { item: Row }, "item">();
    for (const info of [...list.fields, ...list.filters]) {
      const value = given[info.name];
      if (value === undefined) continue;
      const own = byHand[info.name];
      const conditions = own === undefined ? conditionsOf(info, value) : [await own(rows, value as never)];
      (info.unindexed ? made.slow : made.fast).push(...conditions);
    }
    return made;
  }
}

function conditionsOf({ name, filter, sort }: FieldInfo, value: unknown): Condition[] {
  const column = sql.ref(`item.${name}`);
  if (filter === "oneOf") return [sql<SqlBool>`${column} = ANY (${value})`];
  if (filter !== "range") return [sql<SqlBool>`${column} = ${value}`];
  return comparisons.flatMap((comparison) => {
    const bound = (value as Range<string | number>)[comparison];
    if (bound === undefined) return [];
    const own = sql<SqlBool>`${column} ${operators[comparison]} ${bound}`;
    return sort === "id" ? [own, aboutThen(comparison, `${bound}`)] : [own];
  });
}

const operators = { gte: sql`>=`, gt: sql`>`, lte: sql`<=`, lt: sql`<` };
/** Between the instant in an id and the one that its row names. */
const slackMs = 3_600_000;

/** The ids made about then: the list is sorted by them, so it starts and ends there. */
function aboutThen(comparison: keyof Range<string>, instant: string): Condition {
  const isFrom = comparison.startsWith("g");
  const ms = Math.max(0, Date.parse(instant) + (isFrom ? -slackMs : slackMs));
  const time = ms.toString(16).padStart(12, "0");
  const [digit, operator] = isFrom ? ["0", operators.gte] : ["f", operators.lte];
  const id = `${time}${digit.repeat(20)}`.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return sql<SqlBool>`${sql.ref("item.id")} ${operator} ${id}::uuid`;
}

function sortingOf({ list }: ListRoute, given: Readonly<Record<string, unknown>>): Sorting {
  const sort = (given["sort"] as string | undefined) ?? list.sort;
  const isDescending = sort.startsWith("-");
  const name = isDescending ? sort.slice(1) : sort;
  const info = list.fields.find((field) => field.name === name);
  const column = typeof info?.sort === "string" ? info.sort : name;
  const isNullable = info?.isNullable === true && column === name;
  return { sort, column, isDescending, isNullable, isUnindexed: info?.unindexed === true };
}

export function narrowed<Query extends { where(condition: Condition): Query }>(
  query: Query,
  conditions: readonly Condition[],
  found: Found | undefined,
): Query {
  const all = found === undefined ? conditions : [...conditions, matching(found, "item", conditions.length > 0)];
  return all.reduce((narrow, condition) => narrow.where(condition), query);
}

/** What was found and isn't narrowed has been counted. */
async function totalFound<Row>(
  ctx: Ctx,
  all: SelectQueryBuilder<Tables & { item: Row }, "item", object>,
  conditions: readonly Condition[],
  found: Found | undefined,
): Promise<number> {
  if (found?.areListed && conditions.length === 0) return found.ids?.length ?? countLimit + 1;
  return totalOf(ctx, narrowed(all, conditions, found));
}

/** What the fields that have a total come to, for whoever may see them; null for each where too many rows match. */
async function sumsFound<Row>(
  ctx: Ctx,
  { fields }: ListInfo,
  matching: SelectQueryBuilder<Tables & { item: Row }, "item", object>,
  total: number,
): Promise<Record<string, number | null> | undefined> {
  const summed = fields.filter(({ total }) => total === true);
  if (summed.length === 0) return undefined;
  const { permissions } = ctx.actor;
  const told = summed.filter(({ readBy }) => readBy === undefined || permissions.has(readBy));
  const unknown = Object.fromEntries(summed.map(({ name }) => [name, null]));
  if (total > countLimit || told.length === 0) return unknown;
  const sums = told.map(({ name }) => sql`coalesce(sum(${sql.ref(name)}), 0)::float8 AS ${sql.ref(name)}`);
  const rows = matching.select(told.map(({ name }) => sql.ref(`item.${name}`).as(name)));
  const found = await sql<Record<string, number>>`
    SELECT ${sql.join(sums)} FROM (${rows.limit(countLimit)}) AS found`.execute(ctx.db);
  return { ...unknown, ...found.rows[0] };
}
