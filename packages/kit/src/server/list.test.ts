import fc from "fast-check";
import { type Generated, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { field } from "../contract/field.ts";
import { newId } from "../contract/ids.ts";
import { list } from "../contract/list.ts";
import { countLimit } from "../contract/count-limit.ts";
import { authenticated } from "../contract/permission.ts";
import { contract, type Flat } from "../contract/route.ts";
import { Instant } from "../contract/time.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import { listOf } from "./list.ts";
import { scopeTables } from "./policies.ts";
import { searchFew, searchIn } from "./search.ts";

interface ListedTables {
  tea_listed: {
    tenantId: Generated<string>;
    id: Generated<string>;
    name: string;
    grade: "spring" | "autumn";
    cups: number;
    openedAt: Date | null;
    rank: number | null;
    isOrganic: boolean;
  };
}
declare module "./tables.ts" {
  interface Tables extends ListedTables {}
}

const Tin = z.object({
  id: z.uuid(),
  name: field(z.string(), { zh: "名称", en: "Name" }, { sort: true, unindexed: true }),
  grade: field(z.enum(["spring", "autumn"]), { zh: "等级", en: "Grade" }, { filter: true }),
  cups: field(z.int(), { zh: "杯数", en: "Cups" }, { sort: true, filter: "range" }),
  openedAt: field(Instant.nullable(), { zh: "开封", en: "Opened" }, { sort: true, filter: "range" }),
  rank: field(z.number().nullable(), { zh: "名次", en: "Rank" }, { sort: true, filter: "range", unindexed: true }),
  isOrganic: field(z.boolean(), { zh: "有机", en: "Organic" }, { filter: true }),
});
const tins = contract("tins", {
  list: list("/tins", {
    item: Tin,
    noun: { zh: "茶罐", en: "tin", plural: "tins" },
    access: authenticated,
    sort: "-cups",
    search: { zh: "名称", en: "Name" },
    filters: { startsWith: field(z.string(), { zh: "开头", en: "Begins with" }) },
  }),
});
type Query = Flat<typeof tins.list>;

let open: OpenRuntime;
let ctx: Ctx;

beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  // Instants to the microsecond, on purpose: cut to milliseconds their pages would never end.
  await client.query(`
    CREATE TABLE tea_listed (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(), name text NOT NULL,
      grade text NOT NULL, cups integer NOT NULL, opened_at timestamptz, rank double precision,
      is_organic boolean NOT NULL DEFAULT false, PRIMARY KEY (tenant_id, id));
    SELECT zg_make_searchable('tea_listed', 'name')`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
  ctx = tenant();
});
afterAll(() => open.close());

function tenant(): Ctx {
  return open.runtime.ctx(newId(open.clock.now()));
}

function read(query: Partial<Query>, of: Ctx = ctx) {
  const rows = of.db.selectFrom("tea_listed").selectAll();
  return listOf(of, tins.list, { limit: 50, ...query }, rows, {
    search: (part) => searchIn(of, "tea_listed", "name", part),
    filters: { startsWith: (eb, start) => eb("item.name", "like", `${start}%`) },
  });
}

async function readAll(query: Partial<Query>, of: Ctx = ctx) {
  const names: string[] = [];
  let { cursor } = query;
  for (let pages = 0; pages < 1000; pages++) {
    const page = await read({ ...query, ...(cursor === undefined ? {} : { cursor }) }, of);
    names.push(...page.items.map(({ id }) => id));
    if (page.next === null) return names;
    cursor = page.next;
  }
  throw new Error("the pages never end");
}

/** Equal values, nulls, neighbours within one millisecond, Chinese, and texts as long as columns hold. */
const tin = fc.record({
  name: fc.oneof(
    fc.constantFrom("", "龙井", "龙井茶", "Äpfel", "apfel", "Apfel", "x".repeat(1900)),
    fc.string({ maxLength: 5 }).map((text) => text.replaceAll("\0", "")),
  ),
  grade: fc.constantFrom("spring", "autumn"),
  cups: fc.integer({ min: -3, max: 3 }),
  openedAt: fc.option(
    fc.integer({ min: 0, max: 2500 }).map((us) => `2026-01-01T00:00:00.${String(us).padStart(6, "0")}Z`),
  ),
  rank: fc.option(fc.constantFrom(0, 0.1, 1 / 3, 1e300, -1e-300)),
});
const sorts = ["cups", "openedAt", "rank", "name"].flatMap((name) => [name, `-${name}`]) as NonNullable<
  Query["sort"]
>[];

test("page by page every row comes once, in PostgreSQL's own order, whatever the values", async () => {
  const property = fc.asyncProperty(
    fc.array(tin, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 1, max: 7 }),
    async (rows, limit) => {
      const of = tenant();
      await of.db
        .insertInto("tea_listed")
        .values(rows.map((row) => ({ ...row, isOrganic: false })) as never)
        .execute();
      for (const sort of sorts) {
        const direction = sort.startsWith("-") ? sql`DESC` : sql`ASC`;
        const column = sql.ref(sort.replace("-", ""));
        const wanted = await sql<{
          id: string;
        }>`SELECT id FROM tea_listed ORDER BY ${column} ${direction}, id ${direction}`.execute(of.db);
        expect(await readAll({ sort, limit }, of)).toEqual(wanted.rows.map(({ id }) => id));
      }
    },
  );
  await fc.assert(property, { numRuns: 25 });
});

describe("a list of four", () => {
  const base = { openedAt: null, rank: null, isOrganic: false, grade: "autumn" as const };
  const spring = { ...base, grade: "spring" as const };
  beforeAll(async () => {
    const rows = [
      { ...spring, name: "Longjing", cups: 1, rank: 3 },
      { ...base, name: "Oolong", cups: 2, openedAt: new Date("2026-03-01T00:00:00Z") },
      { ...base, name: "Osmanthus Oolong", cups: 3, isOrganic: true },
      { ...spring, name: "Pu'er", cups: 4, openedAt: new Date("2026-04-01T00:00:00Z") },
    ];
    await ctx.db.insertInto("tea_listed").values(rows).execute();
  });

  test.each<[string, Partial<Query>, string[]]>([
    ["its own order", {}, ["Pu'er", "Osmanthus Oolong", "Oolong", "Longjing"]],
    ["one of several", { grade: ["autumn"] }, ["Osmanthus Oolong", "Oolong"]],
    ["several", { grade: ["autumn", "spring"], sort: "cups", limit: 2 }, ["Longjing", "Oolong"]],
    ["from and to", { cups: { gte: 2, lt: 4 } }, ["Osmanthus Oolong", "Oolong"]],
    ["beyond", { cups: { gt: 2 }, sort: "cups" }, ["Osmanthus Oolong", "Pu'er"]],
    ["a range of instants; nulls are in none", { openedAt: { lte: "2026-03-31T00:00:00Z" } }, ["Oolong"]],
    ["yes or no", { isOrganic: true }, ["Osmanthus Oolong"]],
    ["a filter by hand", { startsWith: "O" }, ["Osmanthus Oolong", "Oolong"]],
    ["a search", { search: "OLO" }, ["Osmanthus Oolong", "Oolong"]],
    [
      "all of them together",
      { search: "o", cups: { gte: 1 }, grade: ["autumn"], startsWith: "Os" },
      ["Osmanthus Oolong"],
    ],
  ])("%s", async (_, query, wanted) => {
    expect((await read(query)).items.map(({ name }) => name)).toEqual(wanted);
  });

  test("the total stands on the first page, and only there", async () => {
    const first = await read({ limit: 3 });
    expect(first.total).toBe(4);
    expect(await read({ limit: 3, cursor: first.next ?? "" })).toEqual({ items: [expect.anything()], next: null });
  });

  test.each([
    ["of another order", async () => (await read({ limit: 1, sort: "name" })).next],
    ["made up", () => "not-a-cursor"],
    ["with a value that is none", () => Buffer.from('["-cups","many",null]').toString("base64url")],
    [
      "with a word for a number",
      () => Buffer.from(JSON.stringify(["-cups", "many", newId(new Date())])).toString("base64url"),
    ],
  ])("a cursor %s is refused", async (_, make) => {
    const cursor = await make();
    await expect(read({ cursor: cursor ?? "" })).rejects.toMatchObject({
      definition: { code: "kit.invalid_input" },
      details: { errors: [{ field: "cursor" }] },
    });
  });
});

test("few rows are searched without an index, in any of several columns, one tenant's own", async () => {
  const of = tenant();
  const base = { cups: 1, openedAt: null, rank: null, isOrganic: false };
  const rows = [
    { ...base, name: "Keemun 50%", grade: "autumn" as const },
    { ...base, name: "Sencha", grade: "spring" as const },
  ];
  await of.db.insertInto("tea_listed").values(rows).execute();
  const found = async (part: string, who = of) =>
    (await searchFew(who, "tea_listed", ["name", "grade"], part)).ids?.length;
  expect([await found("KEEM"), await found("spri"), await found("un"), await found("%"), await found("x_")]).toEqual([
    1, 1, 1, 1, 0,
  ]);
  expect(await found("keem", tenant())).toBe(0);
});

test("in the order in which rows were made none is left out, whatever moves meanwhile: what an export reads", async () => {
  const of = tenant();
  await of.sql`INSERT INTO tea_listed (name, grade, cups) SELECT 'Tin ' || n, 'spring', n FROM generate_series(1, 30) n`;
  const byAge = { sort: "-id" as "cups", limit: 10 };
  const first = await read(byAge, of);
  await of.sql`UPDATE tea_listed SET cups = 1000 WHERE cups < 15`;
  const others = await readAll({ ...byAge, cursor: first.next ?? "" }, of);
  expect(new Set([...first.items.map(({ id }) => id), ...others]).size).toBe(30);
});

test("what no index serves is refused where too much is left, and works where something else narrows the list", async () => {
  const of = tenant();
  await of.sql`INSERT INTO tea_listed (name, grade, cups)
    SELECT 'Tin ' || n, CASE WHEN n % 100 = 0 THEN 'autumn' ELSE 'spring' END, n FROM generate_series(1, ${countLimit + 1}) n`;
  const refused = { definition: { code: "kit.list_too_long" }, details: { limit: countLimit } };
  await expect(read({ sort: "name" }, of)).rejects.toMatchObject(refused);
  await expect(read({ rank: { gte: 1 } }, of)).rejects.toMatchObject(refused);
  const { items, total } = await read({ sort: "name", grade: ["autumn"] }, of);
  expect([items[0]?.name, total]).toEqual(["Tin 100", 100]);
  expect((await read({}, of)).total).toBe(countLimit + 1);
  expect((await read({ search: "tin" }, of)).total).toBe(countLimit + 1);
  expect((await read({ search: "tin 1", limit: 1 }, of)).total).toBe(1113);
});

test("whatever part of a text is typed, and whatever all texts have in common, those that hold it are found, and no others", async () => {
  const of = tenant();
  await of.sql`INSERT INTO tea_listed (name, grade, cups)
    SELECT '客人' || substr(md5(n::text), 1, 3), 'spring', n FROM generate_series(1, 9000) n`;
  // All of them, none, some, and so many that a list is read through until a page of them is full.
  for (const part of ["客", "客人", "人客", "客人ab", "人A", "b1c", "1"]) {
    const held = await of.sql<{ id: string }>`
      SELECT id FROM tea_listed WHERE name LIKE ${`%${part.toLowerCase()}%`} ORDER BY cups DESC`;
    const { total } = await read({ search: part, limit: 1 }, of);
    expect([part, total, await readAll({ search: part, limit: 200 }, of)]).toEqual([
      part,
      held.length,
      held.map(({ id }) => id),
    ]);
  }
  const { ids, areFrequent } = await searchIn(of, "tea_listed", "name", "1");
  expect([(ids?.length ?? 0) > 1000, areFrequent]).toEqual([true, true]);
  expect((await searchIn(of, "tea_listed", "name", "客人ab1")).areFrequent).toBe(false);
});
