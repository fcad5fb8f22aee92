import { sql, type RawBuilder, type SqlBool } from "kysely";
import { countLimit } from "../contract/page.ts";
import type { Ctx } from "./ctx.ts";
import type { TableName } from "./tables.ts";

/** More rows than this are no set to look up: among so many, whoever reads in a list's order soon has a page full. */
const mostIds = 2 * countLimit;

/** Rows whose text holds a part. */
export interface Found {
  /** For a list's WHERE, where nothing else may find a row: among the ids, or, of too many, that the text holds it. */
  readonly matches: RawBuilder<SqlBool>;
  /** All of them, or as many as are worth looking up. */
  readonly ids: readonly string[];
  /** There are more: a list says `holds` instead, and finds them on its way. */
  readonly isCut: boolean;
  readonly holds: RawBuilder<SqlBool>;
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
  const { rows } = await sql<{ id: string }>`
    WITH found AS MATERIALIZED (
      SELECT id FROM ${view} WHERE grams @> zg_search_grams(${ctx.tenantId}, ${part})
        AND position(lower(${part}::text) IN lower(word)) > 0)
    SELECT id FROM found LIMIT ${mostIds + 1}`.execute(ctx.db);
  const ids = rows.slice(0, mostIds).map(({ id }) => id);
  const isCut = rows.length > mostIds;
  const holds = sql<SqlBool>`position(lower(${part}::text) IN lower(${sql.ref(`${table}.${column}`)})) > 0`;
  const matches = isCut ? holds : sql<SqlBool>`${sql.ref(`${table}.id`)} = ANY (${ids}::uuid[])`;
  return { ids, isCut, holds, matches };
}
