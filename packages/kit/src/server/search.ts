import { sql, type RawBuilder, type SqlBool } from "kysely";
import { countLimit } from "../contract/count-limit.ts";
import type { Ctx } from "./ctx.ts";
import type { TableName } from "./tables.ts";

/** More rows than this are no set to look up: among so many, whoever reads in a list's order soon has a page full. */
const mostLookedUp = 2_000;

/** Rows whose text holds a part. */
export interface Found {
  /** Their ids: all, or one more than lists count. */
  readonly ids: readonly string[];
  /** Ids of rows that match for another reason: somebody who is known by a phone number. */
  readonly others?: readonly string[];
  /** The list leaves none of them out: so many as were found, it has. */
  readonly areListed?: true;
  readonly column: string;
  readonly part: string;
}

/** For the WHERE of a query whose table has the name `alias` and the searched column its own. */
export function matching(found: Found, alias: string): RawBuilder<SqlBool> {
  const { ids, others = [], part, column } = found;
  if (ids.length <= mostLookedUp) return amongFound(found, alias);
  const holds = sql<SqlBool>`position(lower(${part}::text) IN lower(${sql.ref(`${alias}.${column}`)})) > 0`;
  return others.length === 0 ? holds : sql<SqlBool>`(${holds} OR ${oneOf(others, alias)})`;
}

/** Those whose ids were found, however many more there are: for counting. */
export function amongFound({ ids, others = [] }: Found, alias: string): RawBuilder<SqlBool> {
  return oneOf([...ids, ...others], alias);
}

function oneOf(ids: readonly string[], alias: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.ref(`${alias}.id`)} = ANY (${ids}::uuid[])`;
}

/**
 * The rows of a table whose text holds `part`, in any case. Which text, a migration says:
 * `SELECT zg_make_searchable('tea_leaf', 'name')`; `column` is the same one.
 *
 * The ids are gathered first, in a query of their own: joined to the table, the policy would keep PostgreSQL from the
 * index, and beside an OR it would read the whole table. Materialised, or a limit would lure it away from the index.
 */
export async function searchIn(ctx: Ctx, table: TableName, column: string, part: string): Promise<Found> {
  const view = sql.table(`${table}_search`);
  // One text of all: ten thousand rows take their time to be read.
  const { rows } = await sql<{ ids: string | null }>`
    WITH found AS MATERIALIZED (
      SELECT id FROM ${view} WHERE grams @> zg_search_grams(${ctx.tenantId}, ${part})
        AND position(lower(${part}::text) IN lower(word)) > 0)
    SELECT string_agg(id::text, ',') AS ids FROM (SELECT id FROM found LIMIT ${countLimit + 1}) AS first`.execute(
    ctx.db,
  );
  return { ids: rows[0]?.ids?.split(",") ?? [], column, part };
}

/**
 * The same without an index: every row of the tenant is read, so for what a business has hundreds of, not millions. The
 * first of `columns` names the text that stands for all of them.
 */
export async function searchFew(
  ctx: Ctx,
  table: TableName,
  columns: readonly [string, ...string[]],
  part: string,
): Promise<Found> {
  const text = sql`concat_ws(E'\n', ${sql.join(columns.map((column) => sql.ref(column)))})`;
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM ${sql.table(table)} WHERE position(lower(${part}::text) IN lower(${text})) > 0
    LIMIT ${countLimit + 1}`.execute(ctx.db);
  return { ids: rows.map(({ id }) => id), column: columns[0], part };
}
