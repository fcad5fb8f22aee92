import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../../testing/database.ts";
import { temporaryFolders } from "../../testing/folder.ts";
import { migrate } from "../migrate.ts";
import type { MigrateOptions } from "./session.ts";

const temporaryFolder = temporaryFolders();
let database: TestDatabase;
let client: pg.Client;
let folder: string;
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const run = (options: MigrateOptions = {}): Promise<string[]> =>
  migrate(database.url, [{ module: "tea", folder }], { pause: async () => {}, ...options });

beforeEach(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
  folder = await temporaryFolder();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await write(
    "001_leaf.sql",
    "CREATE TABLE tea_leaf (id int, name text); INSERT INTO tea_leaf VALUES (1, 'a'), (1, 'b');",
  );
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

const indexes = async (): Promise<unknown[]> =>
  (
    await client.query(
      `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index
       WHERE indrelid = 'tea_leaf'::regclass ORDER BY 1`,
    )
  ).rows;

test("an index is built outside of a transaction, several in one file", async () => {
  await write(
    "002_index.sql",
    `-- no-transaction
     -- the name is looked for; as is the id
     CREATE INDEX CONCURRENTLY tea_leaf_by_name ON tea_leaf (name);
     CREATE INDEX CONCURRENTLY tea_leaf_by_id ON tea_leaf (id);`,
  );
  expect(await run()).toEqual(["tea/001_leaf.sql", "tea/002_index.sql"]);
  expect(await indexes()).toEqual([
    { name: "tea_leaf_by_id", valid: true },
    { name: "tea_leaf_by_name", valid: true },
  ]);
  expect(await run()).toEqual([]);
});

test("one that died half-way is dropped and built again; what was finished stays", async () => {
  await write(
    "002_index.sql",
    `-- no-transaction
CREATE INDEX CONCURRENTLY tea_leaf_by_name ON tea_leaf (name);
CREATE UNIQUE INDEX CONCURRENTLY tea_leaf_by_id ON tea_leaf (id);
CREATE INDEX CONCURRENTLY tea_leaf_by_both ON tea_leaf (id, name);`,
  );
  // Two rows have the same id: the building fails, and leaves what a process that died would leave.
  await expect(run()).rejects.toThrow(/tea\/002_index\.sql failed/);
  expect(await indexes()).toEqual([
    { name: "tea_leaf_by_id", valid: false },
    { name: "tea_leaf_by_name", valid: true },
  ]);
  const before = await client.query("SELECT 'tea_leaf_by_name'::regclass::oid AS oid");
  await client.query("UPDATE tea_leaf SET id = 2 WHERE name = 'b'");
  expect(await run()).toEqual(["tea/002_index.sql"]);
  expect(await indexes()).toEqual([
    { name: "tea_leaf_by_both", valid: true },
    { name: "tea_leaf_by_id", valid: true },
    { name: "tea_leaf_by_name", valid: true },
  ]);
  expect((await client.query("SELECT 'tea_leaf_by_name'::regclass::oid AS oid")).rows).toEqual(before.rows);
});

test("a process that is killed while it builds leaves a file that the next one finishes", async () => {
  await write("002_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY tea_leaf_by_name ON tea_leaf (name);");
  await write("003_done.sql", "CREATE TABLE tea_done (id int);");
  // An open transaction keeps the building waiting, so that there is time to kill it.
  const older = new pg.Client({ connectionString: database.url });
  await older.connect();
  await run().catch(() => {});
  await client.query("DROP INDEX tea_leaf_by_name; DROP TABLE tea_done; DELETE FROM kit_migration WHERE name > '002'");
  await older.query("BEGIN; UPDATE tea_leaf SET name = name");
  const killed = run().then(
    () => "finished",
    () => "killed",
  );
  const building =
    "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND datname = current_database()";
  await expect.poll(async () => (await client.query(building)).rows.length).toBe(1);
  await expect.poll(async () => (await indexes()).length).toBe(1);
  await client.query(`SELECT pg_terminate_backend(pid) FROM (${building}) AS b`);
  expect(await killed).toBe("killed");
  await older.query("COMMIT");
  await older.end();
  expect(await indexes()).toEqual([{ name: "tea_leaf_by_name", valid: false }]);
  expect(await run()).toEqual(["tea/002_index.sql", "tea/003_done.sql"]);
  expect(await indexes()).toEqual([{ name: "tea_leaf_by_name", valid: true }]);
});

test("several processes at once build each index once, and wait for each other without end", async () => {
  for (let round = 2; round < 12; round++) {
    const name = `${String(round).padStart(3, "0")}_index.sql`;
    await write(name, `-- no-transaction\nCREATE INDEX CONCURRENTLY tea_leaf_${round} ON tea_leaf (name);`);
    // A session that waited for its turn inside a statement would be waited for by the building, for good.
    const applied = await Promise.all(
      [1, 2, 3].map(() => run({ pause: () => new Promise((done) => setImmediate(done)) })),
    );
    expect(applied.flat().filter((each) => each === `tea/${name}`)).toHaveLength(1);
  }
  expect((await indexes()).length).toBe(10);
});

test.each([
  "CREATE INDEX tea_leaf_slow ON tea_leaf (name);",
  "CREATE INDEX CONCURRENTLY IF NOT EXISTS tea_leaf_x ON tea_leaf (name);",
  "UPDATE tea_leaf SET name = '';",
  "DROP INDEX CONCURRENTLY tea_leaf_x;",
])("outside of a transaction it refuses, before it does anything: %s", async (sql) => {
  await write("002_wrong.sql", `-- no-transaction\n${sql}`);
  await expect(run()).rejects.toThrow(/002_wrong\.sql: outside of a transaction only/);
  expect((await client.query("SELECT to_regclass('tea_leaf') AS leaf")).rows).toEqual([{ leaf: null }]);
});

test("an index of that name that some other file made is no leftover", async () => {
  await write("002_other.sql", "CREATE INDEX tea_leaf_by_name ON tea_leaf (id);");
  await write("003_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY tea_leaf_by_name ON tea_leaf (name);");
  await expect(run()).rejects.toThrow(/003_index\.sql failed/);
});

test("an index is dropped, also if an earlier attempt has dropped it", async () => {
  await write("002_index.sql", "CREATE INDEX tea_leaf_by_name ON tea_leaf (name);");
  await write("003_drop.sql", "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS tea_leaf_by_name;");
  expect(await run()).toHaveLength(3);
  expect(await indexes()).toEqual([]);
});
