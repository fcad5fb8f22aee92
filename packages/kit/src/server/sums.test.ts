import { type Generated, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { countLimit } from "../contract/count-limit.ts";
import { field } from "../contract/field.ts";
import { Id, newId } from "../contract/ids.ts";
import { list } from "../contract/list.ts";
import { authenticated, permission } from "../contract/permission.ts";
import { contract, type Flat } from "../contract/route.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import { toJsonReply } from "./http/reply.ts";
import { listOf } from "./list.ts";
import { scopeTables } from "./policies.ts";

interface SumTables {
  tea_summed: { tenantId: Generated<string>; id: Generated<string>; cups: number; priceFen: number | null };
}
declare module "./tables.ts" {
  interface Tables extends SumTables {}
}
const prices = permission("tins:prices", { zh: "看价格", en: "See prices" }, []);
const tins = contract("tins", {
  list: list("/tins", {
    item: z.object({
      id: Id,
      cups: field(z.int().max(1000), { zh: "杯数", en: "Cups" }, { sort: true, filter: "range", total: true }),
      priceFen: field(z.int().nullable(), { zh: "价格", en: "Price" }, { kind: "money", total: true, readBy: prices }),
    }),
    noun: { zh: "茶罐", en: "tin", plural: "tins" },
    access: authenticated,
  }),
});

let open: OpenRuntime;
beforeAll(async () => {
  open = await openRuntime(inject("clusterUrl"));
  const client = new pg.Client({ connectionString: open.runtime.env.DATABASE_URL });
  await client.connect();
  await client.query(`CREATE TABLE tea_summed (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT zg_id(),
    cups integer NOT NULL, price_fen integer, PRIMARY KEY (tenant_id, id))`);
  const { rows } = await client.query<{ tenant_role: string }>("SELECT tenant_role FROM kit_database");
  await scopeTables(client, rows[0]!.tenant_role, {});
  await client.end();
});
afterAll(() => open.close());

async function shop(count: number, permissions: readonly string[] = [prices.code]): Promise<Ctx> {
  const actor = {
    kind: "account" as const,
    id: newId(open.clock.now()),
    name: "Mei",
    permissions: new Set(permissions),
  };
  const ctx = open.runtime.ctx(newId(open.clock.now()), { actor });
  await sql`INSERT INTO tea_summed (cups, price_fen)
    SELECT n % 1000, nullif(n, 3) * 100 FROM generate_series(1, ${count}) n`.execute(ctx.db);
  return ctx;
}
function read(ctx: Ctx, query: Partial<Flat<typeof tins.list>> = {}) {
  return listOf(ctx, tins.list, { limit: 2, ...query }, ctx.db.selectFrom("tea_summed").selectAll());
}

test("a first page tells what all that match come to, whatever it shows of them; later ones don't", async () => {
  const ctx = await shop(5);
  const first = await read(ctx);
  expect(first).toMatchObject({ total: 5, sums: { cups: 15, priceFen: 1200 } });
  expect((await read(ctx, { cursor: first.next ?? "" })).sums).toBeUndefined();
  expect((await read(ctx, { cups: { gte: 4 } })).sums).toEqual({ cups: 9, priceFen: 900 });
  expect((await read(ctx, { cups: { gte: 900 } })).sums).toEqual({ cups: 0, priceFen: 0 });
});

test("beyond what is counted nothing is summed, and at the limit all is", async () => {
  expect((await read(await shop(countLimit))).sums).toEqual({ cups: 4_995_000, priceFen: 5_000_499_700 });
  expect((await read(await shop(countLimit + 1))).sums).toEqual({ cups: null, priceFen: null });
});

test("whoever may not see a field isn't told what it comes to", async () => {
  const ctx = await shop(5, []);
  const page = await read(ctx);
  expect(page.sums).toEqual({ cups: 15, priceFen: null });
  // Nor where a handler tells it all the same.
  const told = { ...page, sums: { cups: 15, priceFen: 1200 } };
  const { text } = await toJsonReply(tins.list, told, { secure: false, heartbeatMs: 1 }, ctx.actor);
  expect((JSON.parse(text) as typeof page).sums).toEqual({ cups: 15, priceFen: null });
});
