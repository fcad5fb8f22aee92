import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../../testing/database.ts";
import { temporaryFolders } from "../../testing/folder.ts";
import { migrate } from "../migrate.ts";

const temporaryFolder = temporaryFolders();
let database: TestDatabase;
let client: pg.Client;
let folder: string;
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const run = (): Promise<string[]> => migrate(database.url, [{ module: "tea", folder }], { pause: async () => {} });

const rows = 1_000;

beforeEach(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
  folder = await temporaryFolder();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await write(
    "001_leaf.sql",
    `CREATE TABLE tea_leaf (id int PRIMARY KEY, name text, visits int NOT NULL DEFAULT 0, small text);
     INSERT INTO tea_leaf SELECT n, 'Tea ' || n FROM generate_series(1, ${rows}) AS n;`,
  );
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

/** Visits each row once, 100 at a time, and fails at those that are called poison. */
const visiting = `import type { Backfill } from "@zhanggui/kit/server/migrate/backfill";

export const backfill: Backfill = async (trx, after) => {
  const found = await trx.query<{ id: number; name: string }>(
    "SELECT id, name FROM tea_leaf WHERE id > $1 ORDER BY id LIMIT 100 FOR UPDATE", [after ?? 0]);
  if (found.length === 0) return undefined;
  const ids = found.map((row) => row.id);
  await trx.query("UPDATE tea_leaf SET visits = visits + 1, small = lower(name) WHERE id = ANY($1)", [ids]);
  if (found.some((row) => row.name === "poison")) throw new Error("met poison");
  return ids.at(-1);
};
`;

/** The table is there, and one of its rows is such that the back-fill fails at it. */
async function runWithPoison(id: number): Promise<string[]> {
  await run();
  await client.query("UPDATE tea_leaf SET name = 'poison' WHERE id = $1", [id]);
  await write("002_small.ts", visiting);
  return run();
}

const visits = async (): Promise<unknown[]> =>
  (await client.query("SELECT visits, count(*)::int FROM tea_leaf GROUP BY 1 ORDER BY 1")).rows;

test("rows are changed in batches, each a transaction of its own", async () => {
  await write("002_small.ts", visiting);
  await write("003_after.sql", "ALTER TABLE tea_leaf ALTER small SET NOT NULL;");
  expect(await run()).toEqual(["tea/001_leaf.sql", "tea/002_small.ts", "tea/003_after.sql"]);
  expect(await visits()).toEqual([{ visits: 1, count: rows }]);
  expect((await client.query("SELECT DISTINCT xmin::text FROM tea_leaf")).rows.length).toBe(rows / 100);
  expect(await run()).toEqual([]);
});

test("broken off, it goes on after the last batch that was committed: each row is visited once", async () => {
  await expect(runWithPoison(450)).rejects.toThrow(/tea\/002_small\.ts failed/);
  expect(await visits()).toEqual([
    { visits: 0, count: 600 },
    { visits: 1, count: 400 },
  ]);
  await client.query("UPDATE tea_leaf SET name = 'Tea 450' WHERE id = 450");
  expect(await run()).toEqual(["tea/002_small.ts"]);
  expect(await visits()).toEqual([{ visits: 1, count: rows }]);
  expect((await client.query("SELECT * FROM kit_migration_begun")).rows).toEqual([]);
});

test("changed in the middle it is refused; changed before its first batch was committed it is not", async () => {
  await expect(runWithPoison(1)).rejects.toThrow();
  await write("002_small.ts", visiting.replace("met poison", "met poison!"));
  await client.query(
    "UPDATE tea_leaf SET name = 'Tea 1' WHERE id = 1; UPDATE tea_leaf SET name = 'poison' WHERE id = 450",
  );
  await expect(run()).rejects.toThrow();
  expect(await visits()).toContainEqual({ visits: 1, count: 400 });
  await write("002_small.ts", visiting);
  const failure: unknown = await run().catch((error: unknown) => error);
  expect((failure as Error).cause).toMatchObject({ message: expect.stringContaining("changed in the middle") });
});

test("one that doesn't move on is ended", async () => {
  await write("002_stuck.ts", "export const backfill = async () => 7;\n");
  const failure: unknown = await run().catch((error: unknown) => error);
  expect((failure as Error).cause).toMatchObject({ message: expect.stringContaining("for ever") });
});

test("one that imports code, or exports nothing, is refused", async () => {
  await write("002_small.ts", `import { lower } from "../text.ts";\n${visiting}`);
  await expect(run()).rejects.toThrow(/imports types only/);
  await write("002_small.ts", "export const other = 1;\n");
  const failure: unknown = await run().catch((error: unknown) => error);
  expect((failure as Error).cause).toMatchObject({ message: expect.stringContaining("exports no function") });
});
