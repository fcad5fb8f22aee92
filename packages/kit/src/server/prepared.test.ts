import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Generated, type Kysely, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import { openDatabase } from "./database.ts";
import { runPipeline } from "./pipeline.ts";
import { scopeTables } from "./policies.ts";
import { Runtime } from "./runtime.ts";
import type { Tables } from "./tables.ts";

interface JarTable {
  prepared_jar: { tenantId: Generated<string>; id: Generated<string>; name: string; cups: Generated<number> };
}
declare module "./tables.ts" {
  interface Tables extends JarTable {}
}

let open: OpenRuntime;
let owner: pg.Client;
/** Of one connection, so that each statement meets what the one before has prepared. */
let runtime: Runtime;
let mine: Ctx;
let theirs: Ctx;
const id = newId(new Date(0));

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const { env, clock, log } = open.runtime;
  owner = new pg.Client({ connectionString: env.DATABASE_URL });
  await owner.connect();
  await owner.query(`CREATE TABLE prepared_jar (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(),
    name text NOT NULL, cups bigint NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, id))`);
  const { rows } = await owner.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(owner, rows[0]!.tenant_role, {});
  runtime = new Runtime({ env, clock, log, database: openDatabase(env.DATABASE_URL, { max: 1 }) });
  mine = runtime.ctx(newId(clock.now()));
  theirs = runtime.ctx(newId(clock.now()));
  await mine.db.insertInto("prepared_jar").values({ id, name: "oolong", cups: 1 }).execute();
});
afterAll(async () => {
  await runtime.stop();
  await owner.end();
  await open.close();
});

interface Kept {
  readonly text: string;
  /** How often it ran by a plan that was kept. */
  readonly byKeptPlan: number;
}

/** What the connection keeps prepared for ctxs. */
async function keptStatements(): Promise<Kept[]> {
  const query = sql<Kept>`SELECT statement AS text, generic_plans AS by_kept_plan FROM pg_prepared_statements
    WHERE name LIKE 'zg_of_ctx%'`;
  return (await query.execute(runtime.unscopedDb())).rows;
}

async function kept(): Promise<string[]> {
  return (await keptStatements()).map(({ text }) => text);
}

/** PostgreSQL tries so often what a plan for the values at hand costs, before it may keep one. */
const triedPlans = 5;

type Query = (db: Kysely<Tables>) => { execute(): Promise<unknown> };
const jar = (db: Kysely<Tables>) => db.selectFrom("prepared_jar").selectAll();
const queries: readonly [what: string, keepsPlan: boolean, query: Query][] = [
  ["a row by its id", true, (db) => jar(db).where("id", "=", id)],
  ["a row by its id and more", true, (db) => jar(db).where("cups", ">", 0).where("id", "=", id).forUpdate()],
  ["an insert of values", true, (db) => db.insertInto("prepared_jar").values({ name: "green" }).returning("id")],
  ["an update by id", true, (db) => db.updateTable("prepared_jar").set({ cups: 2 }).where("id", "=", id)],
  ["a delete by id", true, (db) => db.deleteFrom("prepared_jar").where("id", "=", newId(new Date(0)))],
  ["a payload that looks like SQL", true, (db) => jar(db).where("id", "=", id).where("name", "!=", "RawNode")],
  ["rows by another column", false, (db) => jar(db).where("name", "=", "oolong")],
  ["a row by one of two", false, (db) => jar(db).where((eb) => eb.or([eb("id", "=", id), eb("cups", "=", 9)]))],
  ["rows after an id", false, (db) => jar(db).where("id", ">", id)],
  [
    "SQL by hand",
    false,
    (db) =>
      jar(db)
        .where("id", "=", id)
        .where(sql<boolean>`cups > 0`),
  ],
  [
    "a second table",
    false,
    (db) =>
      db
        .selectFrom("prepared_jar as a")
        .innerJoin("prepared_jar as b", "b.name", "a.name")
        .select("a.id")
        .where("a.id", "=", id),
  ],
  [
    "a question within",
    false,
    (db) =>
      db
        .updateTable("prepared_jar")
        .set((eb) => ({ cups: eb.selectFrom("prepared_jar as b").select(eb.fn.countAll<number>().as("n")) }))
        .where("id", "=", id),
  ],
];

describe("what a ctx asks twice is kept as it was parsed, and its plan if it has one for every tenant", () => {
  test.for(queries)("%s: %s", async ([, keepsPlan, query]) => {
    const { sql: text } = (query(mine.db) as unknown as { compile(): { sql: string } }).compile();
    await query(mine.db).execute();
    expect(await kept()).not.toContain(text);
    for (let round = 0; round <= triedPlans; round++) await query(mine.db).execute();
    await query(theirs.db).execute();
    const found = (await keptStatements()).find((each) => each.text === text);
    expect(found?.byKeptPlan).toSatisfy((times: number) => times > 0 === keepsPlan);
  });
});

test("in a transaction, where others keep their plan, what is planned each time is parsed each time", async () => {
  const find = (db: Kysely<Tables>) => db.selectFrom("prepared_jar").select("cups").where("name", "=", "in a tx");
  const ask = () => mine.tx((ctx) => find(ctx.db).execute());
  for (let round = 0; round <= triedPlans; round++) await ask();
  expect(await kept()).not.toContain(find(mine.db).compile().sql);
  // Kept by those that ask alone, it is still planned for those in a transaction.
  await find(mine.db).execute();
  for (let round = 0; round <= triedPlans; round++) await ask();
  expect((await keptStatements()).find(({ text }) => text === find(mine.db).compile().sql)?.byKeptPlan).toBe(0);
});

test("a long text isn't kept: what it is parsed into would be large on every connection", async () => {
  const find = (db: Kysely<Tables>) => {
    const names = Array.from({ length: 90 }, (_, index) => `name ${index}`);
    return db
      .selectFrom("prepared_jar")
      .select("cups")
      .where((eb) => eb.or(names.map((each) => eb("name", "=", each))));
  };
  for (let round = 0; round < 3; round++) await find(mine.db).execute();
  expect(await kept()).not.toContain(find(mine.db).compile().sql);
});

test("what is prepared in one tenant's scope finds nothing of his in another's", async () => {
  const byId = (ctx: Ctx) => ctx.db.selectFrom("prepared_jar").select("name").where("id", "=", id).execute();
  const byName = (ctx: Ctx) =>
    ctx.sql<{ name: string }>`SELECT name FROM prepared_jar WHERE name = ${"oolong"} LIMIT 1`;
  for (const find of [byId, byName]) {
    for (let round = 0; round < 10; round++) {
      expect(await find(mine)).toHaveLength(1);
      expect(await find(theirs)).toEqual([]);
      expect(await mine.tx((ctx) => find(ctx))).toHaveLength(1);
      expect(await theirs.tx((ctx) => find(ctx))).toEqual([]);
    }
  }
});

test("a column that a migration adds is there from the next question on, alone and in a transaction", async () => {
  const find = (ctx: Ctx) => ctx.db.selectFrom("prepared_jar").selectAll().where("id", "=", id).executeTakeFirst();
  for (let round = 0; round < 3; round++) await find(mine);
  await owner.query("ALTER TABLE prepared_jar ADD COLUMN first text DEFAULT 'a'");
  expect(await find(mine)).toHaveProperty("first", "a");
  for (let round = 0; round < 3; round++) await find(mine);
  await owner.query("ALTER TABLE prepared_jar ADD COLUMN second text DEFAULT 'b'");
  let runs = 0;
  const found = await mine.tx(async (ctx) => {
    runs += 1;
    await ctx.db.updateTable("prepared_jar").set({ cups: 5 }).where("id", "=", id).execute();
    return find(ctx);
  });
  expect(found).toMatchObject({ second: "b", cups: 5 });
  expect(runs).toBe(2);
});

test("a connection keeps no more statements than its share, and forgets the oldest", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `column ${index}`);
  for (const name of names) {
    const find = mine.db
      .selectFrom("prepared_jar")
      .select(({ ref }) => ref("name").as(name as "name"))
      .where("id", "=", id);
    for (let round = 0; round < 3; round++) expect(await find.execute()).toEqual([{ [name]: "oolong" }]);
  }
  const texts = await kept();
  expect(texts.length).toBeLessThanOrEqual(250);
  expect(texts.some((text) => text.includes('"column 299"'))).toBe(true);
  expect(texts.some((text) => text.includes('"column 0"'))).toBe(false);
});

test("an insert of many rows isn't kept: each number of them is another text, and its plan a large one", async () => {
  const insert = (rows: number) =>
    mine.db.insertInto("prepared_jar").values(Array.from({ length: rows }, (_, cups) => ({ name: "pu-erh", cups })));
  for (const rows of [2, 51]) for (let round = 0; round < 3; round++) await insert(rows).execute();
  const texts = await kept();
  expect(texts).toContain(insert(2).compile().sql);
  expect(texts).not.toContain(insert(51).compile().sql);
});

test("a statement that is kept keeps no rows", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const step = { name: "of_a_row", text: "SELECT * FROM prepared_jar WHERE id = $1", values: [id] };
  const seen: WeakRef<object>[] = [];
  for (let round = 0; round < 3; round++) {
    const { rows } = await runPipeline(owner, [], step, { prepares: true });
    expect(rows).toMatchObject([{ name: "oolong" }]);
    seen.push(new WeakRef(rows[0] as object));
  }
  // The last one may be at hand still.
  await owner.query("SELECT");
  await nextTurn();
  collect();
  expect(seen.slice(0, 2).map((row) => row.deref())).toEqual([undefined, undefined]);
});

test("a value that can't be sent, and one that can't be read, fail their own question only", async () => {
  const circle: Record<string, unknown> = {};
  circle["circle"] = circle;
  const insert = (name: unknown) =>
    mine.db
      .insertInto("prepared_jar")
      .values({ name: name as string })
      .execute();
  await insert("green");
  await insert("green");
  await expect(insert(circle)).rejects.toThrow("circular");
  await owner.query("UPDATE prepared_jar SET cups = 9007199254740993 WHERE id = $1", [id]);
  const find = () => mine.db.selectFrom("prepared_jar").select("cups").where("id", "=", id).execute();
  for (let round = 0; round < 3; round++) await expect(find()).rejects.toThrow("bigint out of range");
  await owner.query("UPDATE prepared_jar SET cups = 3 WHERE id = $1", [id]);
  expect(await find()).toEqual([{ cups: 3 }]);
});
