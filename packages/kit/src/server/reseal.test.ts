import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { cloneOfTemplate, type TestDatabase } from "../testing/database.ts";
import { reseal } from "./reseal.ts";
import { sealedColumn } from "./sealed-column.ts";
import { Secrets } from "./secrets.ts";

const [oldKey, newKey, lostKey] = [1, 2, 3].map((n) => Buffer.alloc(32, n).toString("base64")) as [
  string,
  string,
  string,
];
const before = new Secrets([oldKey]);
const ring = new Secrets([newKey, oldKey]);
const after = new Secrets([newKey]);

const column = sealedColumn({
  table: "tea_shop",
  column: "secret_sealed",
  key: ["tenant_id", "id"],
  context: ({ id }: { id: string }) => `tea_shop:${id}`,
});
const rows = 1_000;

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await cloneOfTemplate(inject("clusterUrl"), []);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    "CREATE TABLE tea_shop (tenant_id uuid, id bigint, secret_sealed text, PRIMARY KEY (tenant_id, id))",
  );
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const tenant = "00000000-0000-0000-0000-00000000000";
const secretOf = (id: number): string => `secret ${id}`;

beforeEach(async () => {
  await client.query("TRUNCATE tea_shop");
  const ids = Array.from({ length: rows }, (_, index) => index);
  await client.query("INSERT INTO tea_shop SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[])", [
    ids.map((id) => `${tenant}${id % 3}`),
    ids,
    ids.map((id) => (id % 10 === 0 ? null : before.seal(secretOf(id), `tea_shop:${id}`))),
  ]);
});

async function expectAllOpen(secrets: Secrets): Promise<void> {
  const found = await client.query<{ id: string; secret_sealed: string | null }>(
    "SELECT id::text, secret_sealed FROM tea_shop",
  );
  expect(found.rows.length).toBe(rows);
  for (const { id, secret_sealed } of found.rows) {
    if (Number(id) % 10 === 0) expect(secret_sealed).toBeNull();
    else expect(secrets.open(secret_sealed ?? "", `tea_shop:${id}`)).toBe(secretOf(Number(id)));
  }
}

test("every value opens with the new key alone afterwards, and a second run finds nothing to do", async () => {
  const counts = { table: "tea_shop", column: "secret_sealed", unreadable: 0, left: 0 };
  expect(await reseal(database.url, ring, [column], { batch: 64 })).toEqual([{ ...counts, resealed: 900 }]);
  await expectAllOpen(after);
  expect(await reseal(database.url, ring, [column])).toEqual([{ ...counts, resealed: 0 }]);
});

test("broken off in the middle, nothing is lost, and the next run does the rest", async () => {
  let batches = 0;
  const broken = reseal(database.url, ring, [column], {
    batch: 50,
    onBatch: () => {
      if (++batches === 4) throw new Error("pulled the plug");
    },
  });
  await expect(broken).rejects.toThrow("pulled the plug");
  await expectAllOpen(ring);
  expect(await reseal(database.url, ring, [column])).toMatchObject([{ resealed: 700, left: 0 }]);
  await expectAllOpen(after);
});

test("a value that the server writes meanwhile is kept, and found again if it carries the old seal", async () => {
  let wrote = false;
  const results = await reseal(database.url, ring, [column], {
    batch: 50,
    onBatch: async () => {
      if (wrote) return;
      wrote = true;
      // Row 3 was read in the first batch; a server that still runs with the old ring changes it.
      await client.query("UPDATE tea_shop SET secret_sealed = $1 WHERE id = 3", [before.seal("changed", "tea_shop:3")]);
    },
  });
  expect(results).toMatchObject([{ resealed: 901, unreadable: 0, left: 0 }]);
  const { rows: found } = await client.query<{ secret_sealed: string }>(
    "SELECT secret_sealed FROM tea_shop WHERE id = 3",
  );
  expect(after.open(found[0]!.secret_sealed, "tea_shop:3")).toBe("changed");
});

test("a value that changes between its reading and its writing is not overwritten", async () => {
  await client.query("BEGIN");
  await client.query("UPDATE tea_shop SET secret_sealed = $1 WHERE id = 3", [before.seal("changed", "tea_shop:3")]);
  const running = reseal(database.url, ring, [column]);
  // It has read the old value, and waits for the row.
  const watcher = new pg.Client({ connectionString: database.url });
  await watcher.connect();
  const waits =
    "SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()";
  await expect.poll(async () => (await watcher.query<{ n: number }>(waits)).rows[0]?.n).toBe(1);
  await watcher.end();
  await client.query("COMMIT");
  expect(await running).toMatchObject([{ resealed: 900, unreadable: 0, left: 0 }]);
  const { rows: found } = await client.query<{ secret_sealed: string }>(
    "SELECT secret_sealed FROM tea_shop WHERE id = 3",
  );
  expect(after.open(found[0]!.secret_sealed, "tea_shop:3")).toBe("changed");
});

test("what no key opens is left as it is, counted and told", async () => {
  const foreign = new Secrets([lostKey]).seal("x", "tea_shop:1");
  const moved = before.seal("x", "tea_shop:elsewhere");
  await client.query("UPDATE tea_shop SET secret_sealed = $1 WHERE id = 1", [foreign]);
  await client.query("UPDATE tea_shop SET secret_sealed = $1 WHERE id = 2", [moved]);
  expect(await reseal(database.url, ring, [column], { batch: 7 })).toMatchObject([
    { resealed: 898, unreadable: 2, left: 2 },
  ]);
  const kept = await client.query("SELECT secret_sealed FROM tea_shop WHERE id IN (1, 2) ORDER BY id");
  expect(kept.rows).toEqual([{ secret_sealed: foreign }, { secret_sealed: moved }]);
});

test("four runs at once do it once", async () => {
  const runs = await Promise.all([1, 2, 3, 4].map(() => reseal(database.url, ring, [column], { batch: 20 })));
  expect(runs.flat().reduce((sum, { resealed }) => sum + resealed, 0)).toBe(900);
  expect(runs.flat().every(({ left }) => left === 0)).toBe(true);
  await expectAllOpen(after);
});

test("a name that could be SQL is refused", () => {
  expect(() => sealedColumn({ ...column, table: `x; DROP TABLE ${randomBytes(2).toString("hex")}` })).toThrow(
    /no name/,
  );
});

test("a table that isn't there yet has nothing to seal", async () => {
  expect(await reseal(database.url, ring, [{ ...column, table: "tea_later" }])).toMatchObject([
    { resealed: 0, left: 0 },
  ]);
});
