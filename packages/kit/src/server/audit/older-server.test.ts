import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { cloneOfTemplate } from "../../testing/database.ts";
import { kitMigrations } from "../../testing/runtime.ts";
import type { Audited } from "../../contract/audited.ts";
import { migrate } from "../migrate.ts";

const declared = (ignored: readonly string[] = []) => ({ title: undefined, fields: [], ignored });
const table = (name: string): string =>
  `-- additive\nCREATE TABLE ${name} (tenant_id uuid NOT NULL, id uuid NOT NULL, leaf text, PRIMARY KEY (tenant_id, id));`;

/** A module of a test's own, at a release that follows these tables. */
async function release(files: Readonly<Record<string, string>>, audited: object) {
  const folder = await mkdtemp(join(tmpdir(), "zg-audited-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { folder, folders: [...kitMigrations, { module: "tea", folder, audited: audited as Audited }] };
}

test("an older server takes no trigger away that a newer one has made, and makes what lacks; the newer one then tidies", async () => {
  const [first, second] = [table("tea_leaf"), table("tea_pot")];
  const older = await release({ "001_leaf.sql": first }, { tea_leaf: declared() });
  const newer = await release(
    { "001_leaf.sql": first, "002_pot.sql": second },
    { tea_leaf: declared(["leaf"]), tea_pot: declared() },
  );
  const database = await cloneOfTemplate(inject("clusterUrl"), kitMigrations);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const followed = async (): Promise<Record<string, string>> => {
    const { rows } = await client.query<{ name: string; def: string }>(
      `SELECT tgrelid::regclass::text AS name, pg_get_triggerdef(oid) AS def FROM pg_trigger WHERE tgname = 'zg_audit'`,
    );
    return Object.fromEntries(rows.map(({ name, def }) => [name, def]));
  };
  try {
    await migrate(database.url, older.folders);
    expect(Object.keys(await followed())).toEqual(["tea_leaf"]);
    await migrate(database.url, newer.folders);
    const made = await followed();
    expect(Object.keys(made).toSorted()).toEqual(["tea_leaf", "tea_pot"]);
    expect(made["tea_leaf"]).toContain('"ignored":["leaf"');
    // The older one, again: neither the new table's nor its own in the newer form is touched.
    await migrate(database.url, older.folders);
    expect(await followed()).toEqual(made);
    // One that is missing it makes all the same.
    await client.query("DROP TRIGGER zg_audit ON tea_leaf");
    await migrate(database.url, older.folders);
    expect(Object.keys(await followed()).toSorted()).toEqual(["tea_leaf", "tea_pot"]);
    await migrate(database.url, newer.folders);
    expect(await followed()).toEqual(made);
    // Only the newest takes away what is followed no more.
    await migrate(database.url, newer.folders.with(-1, { ...newer.folders.at(-1)!, audited: {} }));
    expect(await followed()).toEqual({});
  } finally {
    await client.end();
    await database.drop();
    for (const { folder } of [older, newer]) await rm(folder, { recursive: true });
  }
});
