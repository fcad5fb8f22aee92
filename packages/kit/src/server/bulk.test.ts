import { type Generated, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { bulkStep } from "../contract/bulk-info.ts";
import { bulk } from "../contract/bulk.ts";
import { countLimit } from "../contract/count-limit.ts";
import { fault } from "../contract/fault.ts";
import { field } from "../contract/field.ts";
import { Id, newId } from "../contract/ids.ts";
import { list } from "../contract/list.ts";
import { authenticated, permission } from "../contract/permission.ts";
import { contract } from "../contract/route.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import { bulkOf } from "./bulk.ts";
import type { Ctx } from "./ctx.ts";
import { scopeTables } from "./policies.ts";

interface BulkTables {
  tea_bulk: { tenantId: Generated<string>; id: Generated<string>; name: string; cups: number; isOpen: boolean };
}
declare module "./tables.ts" {
  interface Tables extends BulkTables {}
}
const leaking = fault("pots.leaking", 422, { zh: "{name} 漏水。", en: "{name} leaks." });
const words = { zh: "茶壶", en: "Pot" };
const listPots = list("/pots", {
  item: z.object({
    id: Id,
    name: field(z.string(), words),
    cups: field(z.int(), words, { filter: "range", sort: true }),
    isOpen: field(z.boolean(), words, { filter: true, unindexed: true }),
  }),
  noun: { ...words, plural: "pots" },
  access: authenticated,
});
const pots = contract("pots", {
  list: listPots,
  fill: bulk("/pots/fill", {
    list: listPots,
    label: { zh: "斟满", en: "Fill" },
    summary: "Fill pots",
    access: authenticated,
    effect: "change",
    body: z.object({ by: z.int() }),
    passes: { full: { zh: "已经满了", en: "are full" }, shut: { zh: "盖着", en: "are shut" } },
  }),
});

let open: OpenRuntime;
beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query(`CREATE TABLE tea_bulk (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(), name text NOT NULL,
    cups integer NOT NULL, is_open boolean NOT NULL, PRIMARY KEY (tenant_id, id))`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
});
afterAll(() => open.close());

/** A shop with pots of 0, 1, 2 … cups, every third of them shut. */
async function shop(count: number): Promise<Ctx> {
  const ctx = open.runtime.ctx(newId(open.clock.now()));
  await sql`INSERT INTO tea_bulk (name, cups, is_open)
    SELECT 'pot ' || n, n, n % 3 <> 0 FROM generate_series(0, ${count - 1}) n`.execute(ctx.db);
  return ctx;
}
const filled: string[] = [];
const shape = z.object({ ...pots.fill.query.shape, ...pots.fill.body.shape });
const full = 100;

function fillPots(ctx: Ctx, input: z.input<typeof shape>) {
  const rows = ctx.db.selectFrom("tea_bulk").selectAll();
  return bulkOf(ctx, pots.fill, shape.parse(input), rows, {
    passes: { full: (eb) => eb("item.cups", ">=", full), shut: (eb) => eb("item.isOpen", "=", false) },
    each: (ctx, id) =>
      ctx.tx(async (ctx) => {
        const { name, cups } = await ctx.db
          .updateTable("tea_bulk")
          .set({ cups: full })
          .where("id", "=", id)
          .returning(["name", "cups"])
          .executeTakeFirstOrThrow();
        if (name === "pot 7") throw leaking({ name });
        filled.push(name);
        return cups === full && name === "pot 8" ? "full" : undefined;
      }),
  });
}
const cupsOf = async (ctx: Ctx) =>
  (await ctx.db.selectFrom("tea_bulk").select("cups").execute()).map(({ cups }) => cups);
const idsOf = async (ctx: Ctx) =>
  (await ctx.db.selectFrom("tea_bulk").select("id").orderBy("id").execute()).map(({ id }) => id);

test("a preview says how many, how many not and why, and does nothing", async () => {
  const ctx = await shop(130);
  const all = await fillPots(ctx, { by: 1, all: true, preview: true });
  // 30 are full; of the other hundred every third is shut.
  expect(all).toMatchObject({ done: 66, passed: { full: 30, shut: 34 }, gone: 0, isMore: false, next: null });
  const few = await fillPots(ctx, { by: 1, all: true, preview: true, cups: { lt: 10 } });
  expect(few).toMatchObject({ done: 6, passed: { shut: 4 } });
  expect(await cupsOf(ctx)).toEqual(Array.from({ length: 130 }, (_, n) => n));
});

test("all that match are done in steps, each once, though they stop matching on the way; who comes later isn't", async () => {
  const ctx = await shop(2 * bulkStep + 50);
  const query = { by: 1, all: true as const, cups: { lt: 10_000 } };
  const sum = { done: 0, full: 0, shut: 0, steps: 0 };
  for (let after: string | undefined; ;) {
    const { done, passed, failed, next } = await fillPots(ctx, { ...query, ...(after === undefined ? {} : { after }) });
    if (sum.steps === 0) await sql`INSERT INTO tea_bulk (name, cups, is_open) VALUES ('late', 1, true)`.execute(ctx.db);
    sum.done += done;
    sum.full += passed["full"] ?? 0;
    sum.shut += passed["shut"] ?? 0;
    sum.steps += 1;
    if (next === null) {
      // A fault fails its row, in the row's own words, and undoes it; the others are done.
      expect(failed).toEqual([
        { id: expect.any(String), name: "pot 7", why: { zh: "pot 7 漏水。", en: "pot 7 leaks." } },
      ]);
      break;
    }
    expect(failed).toEqual([]);
    after = next;
  }
  // The eighth was filled before anybody looked: its row says so when its turn comes.
  expect(sum).toEqual({ done: 64, full: 351, shut: 34, steps: 3 });
  expect((await cupsOf(ctx)).filter((cups) => cups === 1)).toHaveLength(1);
  const again = await fillPots(ctx, query);
  expect(again.done).toBe(1);
});

test("rows that are named are done whatever the list is narrowed to; who isn't there is said", async () => {
  const [ctx, other] = [await shop(5), await shop(2)];
  const mine = await idsOf(ctx);
  const [theirs = ""] = await idsOf(other);
  const ids = [...mine, mine[1] ?? "", theirs, newId(open.clock.now())];
  const reply = await fillPots(ctx, { by: 1, ids, cups: { gt: 1000 } });
  expect(reply).toMatchObject({ done: 3, passed: { shut: 2 }, gone: 2, next: null });
  expect(await cupsOf(other)).toEqual([0, 1]);
});

test("all but a few", async () => {
  const ctx = await shop(5);
  const ids = await idsOf(ctx);
  const except = [ids[1] ?? "", ids[4] ?? ""];
  expect(await fillPots(ctx, { by: 1, all: true, except })).toMatchObject({ done: 1, passed: { shut: 2 } });
});

test("among more than are counted a preview looks at the first, and a filter without an index is refused", async () => {
  const ctx = await shop(countLimit + 10);
  const reply = await fillPots(ctx, { by: 1, all: true, preview: true });
  expect(reply.isMore).toBe(true);
  expect(reply.done + Object.values(reply.passed).reduce((sum, count) => sum + count, 0)).toBe(countLimit + 1);
  const refused = fillPots(ctx, { by: 1, all: true, preview: true, isOpen: "true" as never });
  await expect(refused).rejects.toMatchObject({ code: "kit.list_too_long" });
});

test("what a search found too many of to name is done to all the same, to no others", async () => {
  const ctx = await shop(5);
  const [first = "", ...others] = await idsOf(ctx);
  const done: string[] = [];
  const options = {
    passes: { full: () => sql<boolean>`false`, shut: () => sql<boolean>`false` },
    search: async () => ({
      ids: undefined,
      holds: (alias: string) => sql<boolean>`${sql.ref(`${alias}.id`)} <> ${first}`,
    }),
    each: async (_: unknown, id: string) => void done.push(id),
  };
  const rows = ctx.db.selectFrom("tea_bulk").selectAll();
  const input = { by: 1, all: true as const, preview: false, handOver: false, search: "p" };
  expect(await bulkOf(ctx, pots.fill, input, rows, options)).toMatchObject({ done: 4 });
  expect(done.toSorted()).toEqual(others.toSorted());
});

test("whoever may not see what rows are called first is told them by what comes next", async () => {
  const owners = permission("pots:name", { zh: "看名称", en: "See names" }, []);
  const item = listPots.reply.shape.items.element.extend({
    name: field(z.string().nullable(), words, { readBy: owners }),
  });
  const { noun, summary } = { ...listPots.list, summary: "Fill pots" };
  const fill = bulk("/pots/fill", {
    list: list("/pots", { item, noun, access: authenticated, sort: "-cups" }),
    label: { zh: "斟满", en: "Fill" },
    summary,
    access: authenticated,
    effect: "change",
    passes: {},
  });
  const told = async (permissions: ReadonlySet<string>) => {
    const actor = { kind: "account" as const, id: newId(open.clock.now()), name: "Sam", permissions };
    const ctx = open.runtime.ctx((await shop(1)).tenantId, { actor });
    const each = () => Promise.reject(leaking({ name: "it" }));
    const rows = ctx.db.selectFrom("tea_bulk").selectAll();
    const { failed } = await bulkOf(ctx, fill, { all: true, preview: false, handOver: false }, rows, {
      passes: {},
      each,
    });
    return failed.map(({ name }) => name);
  };
  expect(await told(new Set([owners.code]))).toEqual(["pot 0"]);
  expect(await told(new Set())).toEqual(["0"]);
});

test("either some rows or all that match: neither, both and too many are refused at their field", () => {
  const pathsOf = (body: object) =>
    pots.fill.body.safeParse({ by: 1, ...body }).error?.issues.map(({ path }) => path[0]);
  const id = newId(open.clock.now());
  expect(pathsOf({})).toEqual(["ids"]);
  expect(pathsOf({ ids: [id], all: true })).toEqual(["ids"]);
  expect(pathsOf({ ids: [] })).toEqual(["ids"]);
  expect(pathsOf({ ids: Array.from({ length: bulkStep + 1 }, () => id) })).toEqual(["ids"]);
  expect(pathsOf({ all: false })).toEqual(["all"]);
  expect(pathsOf({ all: true, except: ["x"] })).toEqual(["except"]);
  expect(pathsOf({ all: true })).toBeUndefined();
});
