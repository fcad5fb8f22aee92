import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { migrate } from "@zhanggui/kit/server/migrate";
import { cloneOfTemplate, type TestDatabase } from "@zhanggui/kit/testing/database";
import { describeSchema } from "@zhanggui/kit/testing/schema";
import { migrationFolders } from "@zhanggui/server/migrations";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

// A folder per release that people may upgrade from: its migrations by module, and rows as it wrote them. A release's
// folder never changes.
const releases = (await readdir(import.meta.dirname)).filter((name) => /^\d/.test(name));

const opened: TestDatabase[] = [];
let fresh: string[];

beforeAll(async () => {
  const database = await emptyDatabase();
  await migrate(database.url, migrationFolders());
  fresh = await schemaOf(database.url);
});
afterAll(async () => {
  for (const database of opened) await database.drop();
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await cloneOfTemplate(inject("clusterUrl"), []);
  opened.push(database);
  return database;
}

async function ask<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const schemaOf = (url: string): Promise<string[]> => ask(url, describeSchema);

/** An installation of the release, in the order of today's modules: that is the order it was made in. */
async function install(release: string): Promise<TestDatabase> {
  const folder = join(import.meta.dirname, release);
  const order = migrationFolders().map(({ module }) => module);
  const modules = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const folders = modules
    .map(({ name }) => ({ module: name, folder: join(folder, name) }))
    .toSorted((a, b) => order.indexOf(a.module) - order.indexOf(b.module));
  const database = await emptyDatabase();
  await migrate(database.url, folders);
  const rows = await readFile(join(folder, "rows.sql"), "utf8");
  await ask(database.url, (client) => client.query(rows));
  return database;
}

test.each(releases)("a database of %s becomes what a fresh one is, and keeps its rows", async (release) => {
  const database = await install(release);
  const people = (): Promise<unknown[]> =>
    ask(database.url, async (client) => (await client.query("SELECT id, display_name FROM audience_person")).rows);
  const before = await people();
  expect(before.length).toBeGreaterThan(0);
  await migrate(database.url, migrationFolders());
  expect(await schemaOf(database.url)).toEqual(fresh);
  expect(await people()).toEqual(before);
});

test.each([
  "ALTER TABLE audience_person ADD COLUMN planted text",
  "ALTER TABLE audience_person ALTER display_name SET DEFAULT ''",
  "ALTER TABLE audience_person DISABLE ROW LEVEL SECURITY",
  "CREATE POLICY planted ON audience_person USING (true)",
  "CREATE INDEX planted ON audience_person (display_name)",
  "ALTER TABLE audience_person ADD CHECK (display_name <> '')",
  "GRANT SELECT ON audience_person TO PUBLIC",
  "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "COMMENT ON COLUMN audience_person.display_name IS 'planted'",
  "ALTER TABLE audience_person SET (fillfactor = 50)",
])("a difference would be seen: %s", async (sql) => {
  const planted = await ask(opened[0]!.url, async (client) => {
    await client.query("BEGIN");
    await client.query(sql);
    const lines = await describeSchema(client);
    await client.query("ROLLBACK");
    return lines;
  });
  expect(planted).not.toEqual(fresh);
});
