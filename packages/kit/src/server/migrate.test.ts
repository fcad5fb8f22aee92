import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../testing/database.ts";
import { migrate } from "./migrate.ts";

let database: TestDatabase;
let folder: string;
const write = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);
const run = (): Promise<string[]> => migrate(database.url, [{ module: "tea", folder }]);

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
  folder = await mkdtemp(join(tmpdir(), "zg-migrations-"));
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
});

test("files that are not numbered in a row are refused", async () => {
  await write("005_gap.sql", "SELECT 1;");
  await expect(run()).rejects.toThrow(/005_gap\.sql breaks the numbering/);
});
