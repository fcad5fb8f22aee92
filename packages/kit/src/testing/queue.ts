import { type Kysely, sql } from "kysely";
import { newId } from "../contract/ids.ts";
import type { Runtime } from "../server/runtime.ts";
import type { Tables } from "../server/tables.ts";

/** Puts tasks for new rows into a queue, in one transaction; returns the rows' ids. */
export async function addTasks(
  runtime: Runtime,
  queue: string,
  tenantId: string,
  keys: readonly (string | undefined)[],
): Promise<string[]> {
  const refs = keys.map(() => newId(runtime.clock.now()));
  await runtime.ctx(tenantId).tx(async (ctx) => {
    for (const [at, ref] of refs.entries()) {
      const key = keys[at];
      await ctx.queueTask(queue, ref, key === undefined ? {} : { key });
    }
  });
  return refs;
}

/** Many tasks at once, past the ctx: for backlogs. */
export async function addBacklog(
  db: Kysely<Tables>,
  queue: string,
  tenantId: string,
  keys: readonly (string | null)[],
): Promise<void> {
  const rows = keys.map((key) => ({
    tenantId,
    queue,
    key,
    ref: newId(new Date()),
    traceId: "t".repeat(32),
  }));
  for (let from = 0; from < rows.length; from += 1000) {
    await db
      .insertInto("kit_task")
      .values(rows.slice(from, from + 1000))
      .execute();
  }
}

/** A table that handlers of a test write to, without a tenant: for what they leave behind. */
export async function createPlainTable(db: Kysely<Tables>, table: string, columns: string): Promise<void> {
  await sql.raw(`CREATE TABLE ${table} (${columns})`).execute(db);
  await sql
    .raw(`DO $$ BEGIN EXECUTE format('GRANT ALL ON ${table} TO %I', (SELECT tenant_role FROM kit_database)); END $$`)
    .execute(db);
}
