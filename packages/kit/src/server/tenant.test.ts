import { CompiledQuery, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";

interface TeaTables {
  tea_leaf: { tenant_id: string; id: string; name: string };
  tea_cup: { tenant_id: string; id: string; leaf_id: string };
  tea_world: { name: string };
}
declare module "./tables.ts" {
  interface Tables extends TeaTables {}
}

let open: OpenRuntime;
let mine: Ctx;
let theirs: Ctx;
const leaf = (ctx: Ctx, id: string, name: string) => ({ tenant_id: ctx.tenantId, id, name });

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"), ["tea_world"]);
  await sql`CREATE TABLE tea_leaf (tenant_id uuid, id text, name text, PRIMARY KEY (tenant_id, id))`.execute(open.db);
  await sql`CREATE TABLE tea_cup (tenant_id uuid, id text, leaf_id text)`.execute(open.db);
  await sql`CREATE TABLE tea_world (name text)`.execute(open.db);
  await sql`CREATE UNIQUE INDEX tea_leaf_name ON tea_leaf (name)`.execute(open.db);
  mine = open.runtime.ctx(newId(open.clock.now()));
  theirs = open.runtime.ctx(newId(open.clock.now()));
});
afterAll(() => open.close());
beforeEach(async () => {
  await sql`TRUNCATE tea_leaf, tea_cup, tea_world`.execute(open.db);
  await mine.db
    .insertInto("tea_leaf")
    .values([leaf(mine, "1", "oolong"), leaf(mine, "2", "white")])
    .execute();
  await theirs.db
    .insertInto("tea_leaf")
    .values([leaf(theirs, "1", "green")])
    .execute();
  await theirs.db.insertInto("tea_cup").values({ tenant_id: theirs.tenantId, id: "c", leaf_id: "1" }).execute();
});

test("a select without a filter sees one tenant's rows, also under an alias, in a subquery and in a WITH", async () => {
  const names = (rows: { name: string }[]): string[] => rows.map(({ name }) => name);
  expect(names(await theirs.db.selectFrom("tea_leaf").select("name").execute())).toEqual(["green"]);
  expect(names(await theirs.db.selectFrom("tea_leaf as l").select("l.name").execute())).toEqual(["green"]);
  const inner = theirs.db.selectFrom((eb) => eb.selectFrom("tea_leaf").select("name").as("t")).select("name");
  expect(names(await inner.execute())).toEqual(["green"]);
  const common = theirs.db
    .with("mine", (db) => db.selectFrom("tea_leaf").select("name"))
    .selectFrom("mine")
    .select("name");
  expect(names(await common.execute())).toEqual(["green"]);
  const exists = theirs.db
    .selectFrom("tea_cup")
    .select("id")
    .where(({ exists: has, selectFrom }) => has(selectFrom("tea_leaf").select("id").where("name", "=", "oolong")));
  expect(await exists.execute()).toEqual([]);
});

test("the author's own OR can't widen the filter", async () => {
  const query = theirs.db
    .selectFrom("tea_leaf")
    .select("name")
    .where((eb) => eb.or([eb("name", "=", "x"), eb.lit(true)]));
  expect(await query.execute()).toEqual([{ name: "green" }]);
});

test("a left join stays one, and joins no other tenant's row", async () => {
  const rows = await mine.db
    .selectFrom("tea_leaf")
    .leftJoin("tea_cup as cup", "cup.leaf_id", "tea_leaf.id")
    .select(["tea_leaf.name", "cup.id"])
    .orderBy("tea_leaf.name")
    .execute();
  expect(rows).toEqual([
    { name: "oolong", id: null },
    { name: "white", id: null },
  ]);
});

test("updates and deletes stop at the tenant's border, also with FROM and USING", async () => {
  await theirs.db
    .updateTable("tea_leaf")
    .set({ name: sql`name || '!'` })
    .execute();
  await theirs.db
    .updateTable("tea_leaf")
    .from("tea_cup")
    .set({ name: "iced" })
    .whereRef("tea_cup.leaf_id", "=", "tea_leaf.id")
    .execute();
  expect((await mine.db.selectFrom("tea_leaf").select("name").orderBy("id").execute()).map((r) => r.name)).toEqual([
    "oolong",
    "white",
  ]);
  await theirs.db.deleteFrom("tea_leaf").using("tea_cup").whereRef("tea_cup.leaf_id", "=", "tea_leaf.id").execute();
  await theirs.db.deleteFrom("tea_leaf").execute();
  expect(await mine.db.selectFrom("tea_leaf").select("id").execute()).toHaveLength(2);
  await expect(mine.db.updateTable("tea_leaf").set({ tenant_id: theirs.tenantId }).execute()).rejects.toThrow(
    /another tenant/,
  );
});

test("rows for another tenant, or for none, are refused", async () => {
  await expect(
    mine.db
      .insertInto("tea_leaf")
      .values(leaf(theirs, "9", "stolen"))
      .execute(),
  ).rejects.toThrow(/own tenant/);
  const without = { id: "9", name: "nobody's" } as { tenant_id: string; id: string; name: string };
  await expect(mine.db.insertInto("tea_leaf").values(without).execute()).rejects.toThrow(/own tenant/);
  const copied = mine.db
    .insertInto("tea_leaf")
    .columns(["tenant_id", "id", "name"])
    .expression((eb) => eb.selectFrom("tea_leaf").selectAll());
  await expect(copied.execute()).rejects.toThrow(/given as values/);
});

test("a conflict over a key without the tenant can't overwrite another tenant's row", async () => {
  const stolen = mine.db
    .insertInto("tea_leaf")
    .values(leaf(mine, "9", "green"))
    .onConflict((on) => on.column("name").doUpdateSet({ name: "mine now" }));
  await expect(stolen.execute()).rejects.toThrow(/key that holds tenant_id/);
});

test("raw SQL, MERGE and schema changes are refused; the platform's own tables are not touched", async () => {
  await expect(sql`SELECT * FROM tea_leaf`.execute(mine.db)).rejects.toThrow(/can't be held inside a tenant/);
  await expect(
    mine.db
      .selectFrom(sql<{ name: string }>`tea_leaf`.as("t"))
      .selectAll()
      .execute(),
  ).rejects.toThrow(/as a table/);
  await expect(mine.db.schema.dropTable("tea_leaf").execute()).rejects.toThrow(/can't be held/);
  const merge = mine.db
    .mergeInto("tea_leaf")
    .using("tea_cup", "tea_cup.leaf_id", "tea_leaf.id")
    .whenMatched()
    .thenDelete();
  await expect(merge.execute()).rejects.toThrow(/can't be held/);
  await mine.db.insertInto("tea_world").values({ name: "shared" }).execute();
  expect(await theirs.db.selectFrom("tea_world").selectAll().execute()).toEqual([{ name: "shared" }]);
});

test("joins whose ON can't narrow what is seen are refused, and so is a table of a named schema", async () => {
  const joins = [
    theirs.db.selectFrom("tea_leaf").rightJoin("tea_cup", "tea_cup.leaf_id", "tea_leaf.id").selectAll("tea_cup"),
    theirs.db.selectFrom("tea_world").fullJoin("tea_cup", "tea_cup.leaf_id", "tea_world.name").selectAll("tea_cup"),
    theirs.db.selectFrom("tea_world").crossJoin("tea_cup").selectAll("tea_cup"),
  ];
  for (const join of joins) await expect(join.execute()).rejects.toThrow(/Join can't be held inside a tenant/);
  await expect(
    theirs.db
      .selectFrom("public.tea_leaf" as "tea_leaf")
      .selectAll()
      .execute(),
  ).rejects.toThrow(/named schema/);
});

test("raw SQL may compute, but not bring in rows", async () => {
  const count = sql<string>`(SELECT string_agg(name, ',') FROM tea_leaf)`;
  await expect(theirs.db.selectFrom("tea_world").select(count.as("n")).execute()).rejects.toThrow(
    /names its own tables/,
  );
  const shouted = theirs.db.selectFrom("tea_leaf").select(sql<string>`upper(name)`.as("name"));
  expect(await shouted.execute()).toEqual([{ name: "GREEN" }]);
});

test("the ways out of a ctx's database are closed", async () => {
  expect(() => theirs.db.withoutPlugins()).toThrow(/would leave the tenant/);
  expect(() => theirs.db.executeQuery(CompiledQuery.raw("SELECT name FROM tea_leaf"))).toThrow(
    /would leave the tenant/,
  );
  expect(() => theirs.db.transaction()).toThrow(/would leave the tenant/);
  await theirs.tx(async (ctx) => {
    expect(() => ctx.db.withSchema("public")).toThrow(/would leave the tenant/);
    expect(await ctx.db.selectFrom("tea_leaf").select("name").execute()).toEqual([{ name: "green" }]);
  });
});

test("an insert that meets its own row can't move it to another tenant", async () => {
  const moved = theirs.db
    .insertInto("tea_leaf")
    .values(leaf(theirs, "1", "green"))
    .onConflict((on) => on.columns(["tenant_id", "id"]).doUpdateSet({ tenant_id: mine.tenantId, id: "moved" }));
  await expect(moved.execute()).rejects.toThrow(/can't be moved/);
});

test("a WITH named like a table is refused: inside it, the name would mean the table", async () => {
  const shadowing = theirs.db
    .with("tea_leaf", (db) => db.selectFrom("tea_leaf").selectAll())
    .selectFrom("tea_leaf")
    .selectAll();
  await expect(shadowing.execute()).rejects.toThrow(/can't be named tea_leaf/);
});

test("a union, and a select inside an insert or an update, are held too", async () => {
  const union = theirs.db
    .selectFrom("tea_leaf")
    .select("name")
    .union((eb) => eb.selectFrom("tea_leaf as l").select("l.name"));
  expect(await union.execute()).toEqual([{ name: "green" }]);
  await theirs.db
    .updateTable("tea_leaf")
    .set((eb) => ({ name: eb.selectFrom("tea_leaf as l").select(({ fn }) => fn.max("l.name").as("name")) }))
    .execute();
  expect(await theirs.db.selectFrom("tea_leaf").select("name").execute()).toEqual([{ name: "green" }]);
  const counted = theirs.db.selectFrom("tea_cup").select(({ selectFrom }) =>
    selectFrom("tea_leaf")
      .select(({ fn }) => fn.countAll<number>().as("n"))
      .as("leaves"),
  );
  expect(await counted.execute()).toEqual([{ leaves: 1 }]);
});

test("the filter holds inside a transaction too", async () => {
  const seen = await theirs.tx((ctx) => ctx.db.selectFrom("tea_leaf").select("name").execute());
  expect(seen).toEqual([{ name: "green" }]);
});
