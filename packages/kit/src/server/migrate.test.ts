import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../testing/database.ts";
import { temporaryFolders } from "../testing/folder.ts";
import { migrate } from "./migrate.ts";

const temporaryFolder = temporaryFolders();
let database: TestDatabase;
let folder: string;
const write = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);
const run = (): Promise<string[]> => migrate(database.url, [{ module: "tea", folder }]);

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
  folder = await temporaryFolder();
});
afterAll(() => database.drop());

test("ten processes that start at once apply each file once", async () => {
  await write("001_leaf.sql", "CREATE TABLE tea_leaf (id int);");
  await write("002_cup.sql", "CREATE TABLE tea_cup (id int); INSERT INTO tea_leaf VALUES (1);");
  const applied = await Promise.all(Array.from({ length: 10 }, run));
  expect(applied.flat()).toEqual(["tea/001_leaf.sql", "tea/002_cup.sql"]);
  expect(await run()).toEqual([]);
});

test("a file that fails leaves nothing behind and is named", async () => {
  await write("003_bad.sql", "CREATE TABLE tea_pot (id int); SELECT no_such_column FROM tea_pot;");
  await expect(run()).rejects.toThrow(/tea\/003_bad\.sql failed/);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query("SELECT to_regclass('tea_pot') AS pot");
  await client.end();
  expect(rows).toEqual([{ pot: null }]);
  await write("003_bad.sql", "CREATE TABLE tea_pot (id int);");
  expect(await run()).toEqual(["tea/003_bad.sql"]);
});

test("a file that changed after it was applied is refused, and so is a database that knows more than we do", async () => {
  await write("001_leaf.sql", "CREATE TABLE tea_leaf (id bigint);");
  await expect(run()).rejects.toThrow(/tea\/001_leaf\.sql was changed/);
  await expect(migrate(database.url, [])).rejects.toThrow(/knows the migration tea\//);
  await write("001_leaf.sql", "CREATE TABLE tea_leaf (id int);");
});

test("files that are not numbered in a row are refused", async () => {
  await write("005_gap.sql", "SELECT 1;");
  await expect(run()).rejects.toThrow(/005_gap\.sql breaks the numbering/);
});

test("a file waits for a lock only a little at a time, and gets it when it is free", async () => {
  const own = await cloneOfTemplate(inject("clusterUrl"), []);
  const here = await temporaryFolder();
  await writeFile(join(here, "001_leaf.sql"), "CREATE TABLE tea_leaf (id int);");
  await migrate(own.url, [{ module: "tea", folder: here }]);
  await writeFile(
    join(here, "002_more.sql"),
    "CREATE TABLE tea_more (id int); ALTER TABLE tea_leaf ADD COLUMN name text;",
  );
  const reader = new pg.Client({ connectionString: own.url });
  await reader.connect();
  await reader.query("BEGIN; SELECT * FROM tea_leaf");
  const pauses: number[] = [];
  const warned: object[] = [];
  const applied = await migrate(own.url, [{ module: "tea", folder: here }], {
    lockTimeoutMs: 20,
    log: { info: () => {}, warn: (fields: object) => void warned.push(fields) },
    pause: async (ms) => {
      pauses.push(ms);
      // Between two attempts nobody stands in line: another reader gets in at once.
      const other = new pg.Client({ connectionString: own.url });
      await other.connect();
      await other.query("SET lock_timeout = 1; SELECT * FROM tea_leaf");
      await other.end();
      if (pauses.length === 5) await reader.query("COMMIT");
    },
  });
  expect(applied).toEqual(["tea/002_more.sql"]);
  expect(pauses.length).toBe(5);
  expect(pauses.every((ms) => ms > 0 && ms <= 8_000)).toBe(true);
  expect(warned).toHaveLength(5);
  await reader.query("BEGIN; SELECT * FROM tea_leaf");
  await writeFile(join(here, "003_last.sql"), "ALTER TABLE tea_leaf ADD COLUMN last text;");
  const impatient = migrate(own.url, [{ module: "tea", folder: here }], {
    lockTimeoutMs: 5,
    attempts: 3,
    pause: async () => {},
  });
  await expect(impatient).rejects.toThrow(/003_last\.sql failed/);
  await reader.end();
  await own.drop();
});

test("what holds for every table is done in the transaction of the file that made it", async () => {
  const own = await cloneOfTemplate(inject("clusterUrl"), []);
  const here = await temporaryFolder();
  const folders = [{ module: "tea", folder: here }];
  const table = "CREATE TABLE tea_leaf (tenant_id uuid, id int);";
  // A policy of that name is the runner's to make: its own fails then, and takes the file with it.
  await writeFile(join(here, "001_leaf.sql"), `${table} CREATE POLICY tenant ON tea_leaf USING (true);`);
  await expect(migrate(own.url, folders)).rejects.toThrow(/001_leaf\.sql failed/);
  await writeFile(join(here, "001_leaf.sql"), table);
  await migrate(own.url, folders);
  const client = new pg.Client({ connectionString: own.url });
  await client.connect();
  const { rows } = await client.query("SELECT relrowsecurity FROM pg_class WHERE oid = 'tea_leaf'::regclass");
  await client.end();
  expect(rows).toEqual([{ relrowsecurity: true }]);
  await own.drop();
});

describe("an older server on a newer database", () => {
  let own: TestDatabase;
  let [older, newer] = ["", ""];
  const of = (where: string) => [{ module: "tea", folder: where }];

  beforeEach(async () => {
    own = await cloneOfTemplate(inject("clusterUrl"), []);
    older = await temporaryFolder();
    newer = await temporaryFolder();
    for (const where of [older, newer]) await writeFile(join(where, "001_leaf.sql"), "CREATE TABLE tea_leaf (id int);");
    await migrate(own.url, of(older));
  });
  afterEach(() => own.drop());

  test("boots if every newer file says that it only adds", async () => {
    await writeFile(join(newer, "002_name.sql"), "-- additive\nALTER TABLE tea_leaf ADD COLUMN name text;");
    await writeFile(
      join(newer, "003_index.sql"),
      "-- no-transaction\n-- additive\nCREATE INDEX CONCURRENTLY tea_leaf_x ON tea_leaf (name);",
    );
    await writeFile(join(newer, "004_fill.ts"), "// additive\nexport const backfill = async () => undefined;\n");
    expect(await migrate(own.url, of(newer))).toHaveLength(3);
    expect(await migrate(own.url, of(older))).toEqual([]);
    expect(await migrate(own.url, of(newer))).toEqual([]);
  });

  test("is refused if one doesn't say so", async () => {
    await writeFile(join(newer, "002_name.sql"), "-- additive\nALTER TABLE tea_leaf ADD COLUMN name text;");
    await writeFile(join(newer, "003_drop.sql"), "ALTER TABLE tea_leaf DROP COLUMN id;");
    await migrate(own.url, of(newer));
    await expect(migrate(own.url, of(older))).rejects.toThrow(/tea\/003_drop\.sql, which is not here/);
  });

  test.each([
    "ALTER TABLE tea_leaf DROP COLUMN id;",
    "ALTER TABLE tea_leaf RENAME COLUMN id TO key;",
    "ALTER TABLE tea_leaf ALTER id SET NOT NULL;",
    "ALTER TABLE tea_leaf ALTER COLUMN id TYPE bigint;",
    "ALTER TABLE tea_leaf ADD COLUMN size int NOT NULL;",
    "ALTER TABLE tea_leaf ADD CONSTRAINT positive CHECK (id > 0);",
    "CREATE UNIQUE INDEX tea_leaf_by_id ON tea_leaf (id);",
    "ALTER TABLE tea_leaf DROP CONSTRAINT tea_leaf_pkey;",
    "ALTER TABLE tea_leaf ALTER id DROP NOT NULL;",
    "DROP INDEX tea_leaf_by_id;",
    "DROP TABLE tea_leaf;",
  ])("nothing that takes away may say that it only adds: %s", async (sql) => {
    await writeFile(join(newer, "002_name.sql"), `-- additive\n${sql}`);
    await expect(migrate(own.url, of(newer))).rejects.toThrow(/says it is additive, and then/);
  });

  test("a column with a default, a table and what a comment speaks of are additions", async () => {
    await writeFile(
      join(newer, "002_name.sql"),
      `-- additive
       -- later we DROP COLUMN id
       ALTER TABLE tea_leaf ADD COLUMN size int NOT NULL DEFAULT 0, ADD COLUMN name text;
       CREATE TABLE tea_cup (id int NOT NULL PRIMARY KEY, leaf int REFERENCES tea_cup);
       CREATE INDEX tea_leaf_by_name ON tea_leaf (name);`,
    );
    expect(await migrate(own.url, of(newer))).toEqual(["tea/002_name.sql"]);
  });
});
