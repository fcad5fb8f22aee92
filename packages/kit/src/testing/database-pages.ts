import type pg from "pg";
import { readComment } from "./comments.ts";

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly comment: string | null;
}
interface Table {
  readonly table: string;
  readonly comment: string | null;
  readonly partitioned: boolean;
  /** Its foreign keys, as `columns → table`. */
  readonly refers: readonly string[];
}

const tablesText = `
  SELECT c.relname AS "table", obj_description(c.oid, 'pg_class') AS comment, c.relkind = 'p' AS partitioned,
    ARRAY(SELECT (SELECT string_agg('\`' || a.attname || '\`', ', ' ORDER BY place)
        FROM unnest(k.conkey) WITH ORDINALITY AS key(attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum) || ' → \`' || f.relname || '\`'
      FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
      WHERE k.conrelid = c.oid AND k.contype = 'f' ORDER BY k.conname) AS refers
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  ORDER BY c.relname`;
const columnsText = `
  SELECT c.relname AS "table", a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type,
    NOT a.attnotnull AS nullable, col_description(c.oid, a.attnum) AS comment
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  ORDER BY c.relname, a.attnum`;

const madeBy = "Made from the migrations' `COMMENT ON` by `./zg tables`. Don't edit.";

/**
 * What every table and column of a migrated database holds, as a page for each module: `{ audience: "# audience …" }`.
 * Partitions are left out: they are what their table is.
 *
 * @param modules the prefixes of tables; one without tables has no page
 */
export async function databasePages(
  client: pg.ClientBase,
  modules: readonly string[],
): Promise<Record<string, string | undefined>> {
  const { rows: tables } = await client.query<Table>(tablesText);
  const { rows } = await client.query<Column>(columnsText);
  const columns = Map.groupBy(rows, ({ table }) => table);
  return Object.fromEntries(
    modules.map((module) => {
      const own = tables.filter(({ table }) => table.startsWith(`${module}_`));
      const parts = own.map((table) => sectionOf(table, columns.get(table.table) ?? []));
      return [module, own.length === 0 ? undefined : `# ${module}\n\n${madeBy}\n\n${parts.join("\n")}`] as const;
    }),
  );
}

function sectionOf({ table, comment, partitioned, refers }: Table, columns: readonly Column[]): string {
  const lines = columns.map(
    ({ column, type, nullable, comment: said }) =>
      `| \`${column}\` | ${type}${nullable ? ", or null" : ""} | ${cell(readComment(said).text)} |`,
  );
  return [
    `## ${table}`,
    "",
    ...(comment === null ? [] : [comment, ""]),
    ...(partitioned ? ["In partitions by time.", ""] : []),
    "| Column | Type | Holds |",
    "| --- | --- | --- |",
    ...lines,
    "",
    ...(refers.length === 0 ? [] : [`Refers by ${refers.join("; ")}.`, ""]),
  ].join("\n");
}

/** A line of a table ends at a bar. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
