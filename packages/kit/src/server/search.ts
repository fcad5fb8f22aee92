import { sql, type RawBuilder, type SqlBool } from "kysely";
import { countLimit } from "../contract/count-limit.ts";
import type { Ctx } from "./ctx.ts";
import type { TableName } from "./tables.ts";

/** More rows than this are no set to look up: among so many, whoever reads in a list's order soon has a page full. */
const mostLookedUp = 4_000;
/** Nor are so many, if the latest rows have their share of them: naming them all takes longer than that reading. */
const fewLookedUp = 1_000;

/** Rows that hold what was typed. */
export interface Found {
  /** All that match; undefined where they are more than lists count. */
  readonly ids: readonly string[] | undefined;
  /** Whether a row of the table that is called `alias` is one: for reading through the list where too many are. */
  readonly holds: (alias: string) => RawBuilder<SqlBool>;
  /** Some of the latest rows are among them. */
  readonly areFrequent?: boolean;
  /** The list leaves none of them out: so many as were found, it has. */
  readonly areListed?: true;
}

/**
 * For the WHERE of a query whose table has the name `alias` and the searched column its own.
 *
 * @param isNarrowed whether something else narrows it too: then a page may be far to read for
 */
export function matching(
  { ids, holds, areFrequent = false }: Found,
  alias: string,
  isNarrowed: boolean,
): RawBuilder<SqlBool> {
  const most = areFrequent ? fewLookedUp : mostLookedUp;
  return ids !== undefined && (isNarrowed || ids.length <= most) ? oneOf(ids, alias) : holds(alias);
}

function oneOf(ids: readonly string[], alias: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.ref(`${alias}.id`)} = ANY (${ids}::uuid[])`;
}

/** Those, which somebody has gathered already. */
export function those(ids: readonly string[]): Found {
  return { ids, holds: (alias) => oneOf(ids, alias) };
}

/** Rows that match for one reason or for another. */
export function foundByEither(one: Found, other: Found): Found {
  const ids = one.ids && other.ids && new Set([...one.ids, ...other.ids]);
  return {
    ids: ids === undefined || ids.size > countLimit ? undefined : [...ids],
    areFrequent: one.areFrequent === true || other.areFrequent === true,
    holds: (alias) => sql<SqlBool>`(${one.holds(alias)} OR ${other.holds(alias)})`,
  };
}

/** So many of the latest rows tell whether a text is common: `common` of them hold it; or frequent. */
const [sampled, common, frequent] = [500, 100, 2];
/** Of so many of the latest rows a pair of characters that `usual` have tells little: the index isn't asked for it. */
const [looked, usual] = [100, 50];
/** Where it is, among so many rows there are more than lists count. */
const walked = 60_000;

/**
 * The rows of a table whose text holds `part`, in any case. Which text, a migration says:
 * `SELECT zg_make_searchable('tea_leaf', 'name')`; `column` is the same one.
 *
 * The ids are gathered first, in a query of their own: joined to the table, the policy would keep PostgreSQL from the
 * index, and beside an OR it would read the whole table. Materialised, or a limit would lure it away from the index.
 * What one in five rows holds isn't looked up in the index, which would name all of them before the first is counted;
 * nor are those pairs of its characters that most rows have: going through a million of them narrowed nothing.
 */
export async function searchIn(ctx: Ctx, table: TableName, column: string, part: string): Promise<Found> {
  const view = sql.table(`${table}_search`);
  const holds = (text: RawBuilder<unknown>) => sql<SqlBool>`position(lower(${part}::text) IN lower(${text})) > 0`;
  const latest = (rows: number) =>
    sql`(SELECT ${holds(sql.ref("word"))} AS holds FROM ${view} ORDER BY id DESC LIMIT ${rows}) AS latest`;
  // One text of all: ten thousand rows take their time to be read.
  const { rows } = await sql<{ ids: string | null; areFrequent: boolean }>`
    WITH sample AS MATERIALIZED (SELECT count(*) AS held FROM ${latest(sampled)} WHERE holds),
    walked AS MATERIALIZED (
      SELECT 1 FROM ${latest(walked)}
      WHERE holds AND (SELECT held >= ${common} FROM sample) LIMIT ${countLimit + 1}),
    recent AS MATERIALIZED (
      SELECT lower(word) AS word FROM (SELECT word FROM ${view} ORDER BY id DESC LIMIT ${looked}) AS latest),
    telling AS MATERIALIZED (
      SELECT coalesce(array_agg(gram) FILTER (WHERE rows < ${usual}), array_agg(gram)) AS grams
      FROM unnest(zg_search_grams(${ctx.tenantId}, ${part})) AS gram
      CROSS JOIN LATERAL (
        SELECT count(*) AS rows FROM recent WHERE position(substr(gram, 9) IN word) > 0) AS recently),
    found AS MATERIALIZED (
      SELECT id FROM ${view} WHERE (SELECT count(*) <= ${countLimit} FROM walked)
        AND grams @> (SELECT grams FROM telling) AND ${holds(sql.ref("word"))}),
    first AS MATERIALIZED (SELECT id FROM found LIMIT ${countLimit + 1})
    SELECT CASE WHEN (SELECT count(*) <= ${countLimit} FROM walked) AND (SELECT count(*) <= ${countLimit} FROM first)
      THEN (SELECT coalesce(string_agg(id::text, ','), '') FROM first) END AS ids,
      (SELECT held >= ${frequent} FROM sample) AS are_frequent`.execute(ctx.db);
  const { ids = null, areFrequent = false } = rows[0] ?? {};
  return {
    ids: ids?.split(",").filter(Boolean),
    areFrequent,
    holds: (alias) => holds(sql.ref(`${alias}.${column}`)),
  };
}

/**
 * The same without an index: every row of the tenant is read, so for what a business has hundreds of, not millions.
 * Any of `columns` may hold the text.
 */
export async function searchFew(
  ctx: Ctx,
  table: TableName,
  columns: readonly [string, ...string[]],
  part: string,
): Promise<Found> {
  const holds = (within: string): RawBuilder<SqlBool> => {
    const text = sql`concat_ws(E'\n', ${sql.join(columns.map((column) => sql.ref(`${within}${column}`)))})`;
    return sql<SqlBool>`position(lower(${part}::text) IN lower(${text})) > 0`;
  };
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM ${sql.table(table)} WHERE ${holds("")} LIMIT ${countLimit + 1}`.execute(ctx.db);
  const ids = rows.length > countLimit ? undefined : rows.map(({ id }) => id);
  return { ids, holds: (alias) => holds(`${alias}.`) };
}
