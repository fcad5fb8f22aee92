import { createHash } from "node:crypto";
import pg from "pg";
import { type Audited, columnOfField } from "../../contract/audited.ts";
import type { Actor } from "../ctx.ts";

/** Columns that hold a secret, or what is made of one, by their names. */
const secret = /(_sealed|_hash|^proof|password|secret|token)$/;

/** What a table's trigger is given; the comment on it says so too, so that only what has changed is made anew. */
interface Trigger {
  readonly table: string;
  readonly text: string;
  readonly mark: string;
}

/**
 * Makes the triggers of the tables that modules declare as audited, changes those that are declared in another way
 * now, and takes away those that aren't declared any more. Repeatable; does nothing where all is as declared.
 *
 * @param options `isOlder`: a newer server has migrated this database. It may follow tables, or columns, that this one
 *   knows nothing of, and goes on doing so beside it: nothing is taken away or changed then, only what lacks is made.
 */
export async function auditTables(
  client: pg.ClientBase,
  audited: Audited,
  { isOlder = false }: { readonly isOlder?: boolean } = {},
): Promise<void> {
  const { rows: have } = await client.query<{ table: string; mark: string | null }>(
    `SELECT c.relname AS table, obj_description(t.oid, 'pg_trigger') AS mark
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE t.tgname = 'zg_audit' AND c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal`,
  );
  const { rows: columns } = await client.query<{ table: string; names: string[]; generated: string[] }>(
    `SELECT c.relname AS table, array_agg(a.attname::text ORDER BY attnum) AS names,
       coalesce(array_agg(a.attname::text ORDER BY attnum) FILTER (WHERE attgenerated <> ''), '{}') AS generated
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1) GROUP BY 1`,
    [Object.keys(audited)],
  );
  await keepWhole(client);
  const marks = new Map(have.map(({ table, mark }) => [table, mark]));
  for (const { table } of isOlder ? [] : have) {
    if (audited[table] === undefined) await client.query(`DROP TRIGGER zg_audit ON ${pg.escapeIdentifier(table)}`);
  }
  for (const { table, names, generated } of columns) {
    if (isOlder && marks.has(table)) continue;
    const { text, mark } = triggerOf(table, audited, names, generated);
    if (marks.get(table) === mark) continue;
    const name = pg.escapeIdentifier(table);
    await client.query(`DROP TRIGGER IF EXISTS zg_audit ON ${name}; ${text};
      COMMENT ON TRIGGER zg_audit ON ${name} IS ${pg.escapeLiteral(mark)}`);
  }
}

/** Refuses to empty the log at once: in words that a migration which only adds may not have. */
async function keepWhole(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ table: string }>(
    `SELECT relname AS table FROM pg_class c WHERE relnamespace = 'public'::regnamespace
       AND relname IN ('kit_audit_entry', 'kit_audit_seal')
       AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'zg_audit_stays_whole')`,
  );
  for (const { table } of rows) {
    await client.query(`CREATE TRIGGER zg_audit_stays_whole BEFORE TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION zg_audit_refuse()`);
  }
}

/** @throws Error for a declared column that the table doesn't have */
function triggerOf(table: string, audited: Audited, names: readonly string[], generated: readonly string[]): Trigger {
  const declared = audited[table];
  if (declared === undefined) throw new Error(`${table} isn't audited`);
  const { of, key = ["id"], title, masked = [], ignored = [], version, byPeopleOnly, laterOnly } = declared;
  const told = [...key, ...masked, ...ignored, ...[title, version].filter((name) => name !== undefined)];
  const unknown = told.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`${table} has no column ${unknown}, which its audit names`);
  const hidden = [...masked, ...names.filter((name) => secret.test(name)), ...forSomeOnly(declared.fields)];
  const parent = of === undefined ? undefined : audited[of];
  const kept = parent === undefined ? [] : [...(parent.masked ?? []), ...forSomeOnly(parent.fields)];
  const parentTitle = parent?.title !== undefined && !kept.includes(parent.title) ? parent.title : undefined;
  const thing = of ?? table;
  // What says which thing it is, is told already.
  const own = ["id", ...key, ...(version === undefined ? [] : [version])];
  const given = { thing, key, title, hidden, ignored: [...ignored, ...generated, ...own], version, parentTitle };
  // Asked before the function is called: what the server does all day costs next to nothing.
  const when = byPeopleOnly ? `WHEN (${(["account", "key"] as const).map(worksAs).join(" OR ")}) ` : "";
  const text =
    `CREATE TRIGGER zg_audit AFTER ${laterOnly ? "" : "INSERT OR "}UPDATE OR DELETE ON ${pg.escapeIdentifier(table)} ` +
    `FOR EACH ROW ${when}EXECUTE FUNCTION zg_audit_change(${pg.escapeLiteral(JSON.stringify(given))})`;
  return { table, text, mark: createHash("sha256").update(text).digest("hex").slice(0, 16) };
}

function worksAs(kind: Actor["kind"]): string {
  return `starts_with(current_setting('zg.audit', true), '{"kind":"${kind}"')`;
}

/** Fields that not everybody may see are never kept: the log is read by others than they are. */
function forSomeOnly(fields: Audited[string]["fields"]): string[] {
  return fields.filter(({ readBy }) => readBy !== undefined).map(({ name }) => columnOfField(name));
}
