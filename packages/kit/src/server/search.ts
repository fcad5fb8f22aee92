import { sql, type RawBuilder } from "kysely";
import type { Ctx } from "./ctx.ts";
import type { TableName } from "./tables.ts";

/**
 * The ids of a table's rows whose text holds `part`, in any case: for `where("id", "=", searchIn(…))`. Which text, a
 * migration says: `SELECT zg_make_searchable('tea_leaf', 'name')`.
 *
 * The ids are gathered first, in a query of their own: joined to the table, the policy would keep PostgreSQL from the
 * index.
 */
export function searchIn(ctx: Ctx, table: TableName, part: string): RawBuilder<string> {
  const rows = sql.table(`${table}_search`);
  return sql<string>`ANY(ARRAY(
    SELECT id FROM ${rows} WHERE grams @> zg_search_grams(${ctx.tenantId}, ${part})
      AND position(lower(${part}::text) IN lower(word)) > 0))`;
}
