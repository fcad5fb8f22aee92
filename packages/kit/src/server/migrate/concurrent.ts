import type pg from "pg";
import { withoutComments, type Migration } from "./files.ts";
import { begin, recordApplied } from "./ledger.ts";

interface IndexStatement {
  readonly sql: string;
  readonly does: "create" | "drop";
  readonly index: string;
}

const create = /^CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+([a-z_][a-z0-9_]*)\s+ON\s/i;
const drop = /^DROP\s+INDEX\s+CONCURRENTLY\s+IF\s+EXISTS\s+([a-z_][a-z0-9_]*)$/i;

/**
 * The statements of a file outside of any transaction. Only those are let in that can be begun again after the process
 * died in the middle of them: an index, built or dropped concurrently.
 *
 * @throws Error for any other
 */
export function indexStatements({ module, name, text }: Migration): IndexStatement[] {
  const statements = withoutComments(text)
    .split(/;\s*(?:\n|$)/)
    .map((sql) => sql.trim())
    .filter((sql) => sql !== "");
  return statements.map((sql) => {
    const created = create.exec(sql)?.[1];
    if (created !== undefined) return { sql, does: "create", index: created };
    const dropped = drop.exec(sql)?.[1];
    if (dropped !== undefined) return { sql, does: "drop", index: dropped };
    throw new Error(
      `${module}/${name}: outside of a transaction only CREATE [UNIQUE] INDEX CONCURRENTLY name ON … and ` +
        `DROP INDEX CONCURRENTLY IF EXISTS name are allowed, not: ${sql.slice(0, 80)}`,
    );
  });
}

/**
 * Builds a file's indexes. Where an earlier attempt died, an index that it finished stays, and one that it left INVALID
 * (PostgreSQL keeps that up to date and never reads it) is dropped and built again.
 */
export async function applyConcurrent(client: pg.Client, migration: Migration): Promise<void> {
  const statements = indexStatements(migration);
  const { again } = await begin(client, migration);
  for (const { sql, does, index } of statements) {
    if (again && does === "create") {
      const state = await stateOf(client, index);
      if (state === "valid") continue;
      if (state === "invalid") await client.query(`DROP INDEX CONCURRENTLY ${index}`);
    }
    await client.query(sql);
  }
  await client.query("BEGIN");
  await recordApplied(client, migration);
  await client.query("COMMIT");
}

async function stateOf(client: pg.Client, index: string): Promise<"valid" | "invalid" | "absent"> {
  const { rows } = await client.query<{ valid: boolean }>(
    "SELECT indisvalid AND indisready AS valid FROM pg_index WHERE indexrelid = to_regclass($1)",
    [index],
  );
  const [found] = rows;
  if (found === undefined) return "absent";
  return found.valid ? "valid" : "invalid";
}
