import { contract } from "@zhanggui/kit/contract/route";
import { type Prune, pruneOld, retention, rowsOf } from "@zhanggui/kit/server/retention";
import { job } from "@zhanggui/kit/server/jobs";
import { defineModule, runs } from "@zhanggui/kit/server/module";
import { firstIdAt } from "@zhanggui/kit/server/queue/event-log";
import type { TableName } from "@zhanggui/kit/server/tables";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { openTeaShop, type TeaShop } from "./testing/tea-shop.ts";
import type { Member } from "./testing/test-server.ts";

const spoil = job("teas.spoil", z.object({}), { retryLimit: 0 });
/** A job that always fails, for a dead letter. */
const teas = defineModule(contract("teas", {}), {
  services: {},
  routes: () => ({}),
  jobs: () => [
    runs(spoil, async () => {
      throw new Error("spoilt");
    }),
  ],
});
const dayMs = 86_400_000;
let tea: TeaShop;
let other: Member;

beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"), { modules: [teas] });
  other = await tea.server.asOwner();
});
afterAll(() => tea.close());

/** Of each table how many rows the tenant has. */
async function counts(tables: readonly TableName[], { tenantId } = tea.owner): Promise<Record<string, number>> {
  const { db } = tea.server.runtime.ctx(tenantId);
  const pairs = tables.map(async (table) => {
    let query = db.selectFrom(table).select((eb) => eb.fn.countAll<number>().as("count"));
    // Those that were done are the kit's own to delete.
    if (table === "kit_job") query = query.where(sql`state`, "=", "dead");
    const { count } = await query.executeTakeFirstOrThrow();
    return [table, count] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

async function keep(key: string, value: number): Promise<void> {
  const { items } = await tea.owner.api.settings.list();
  const { version } = items.find((each) => each.key === key)!;
  await tea.owner.api.settings.change({ key, value, version });
}

/** Somebody comes in by the channel, is written to, and WeChat says that it arrived; and a job fails for good. */
async function aDay(): Promise<void> {
  const { emulator, bound, server, owner, settle } = tea;
  await emulator.world.scan(emulator.world.createPuppet().id, { code: bound.channel.ticket });
  await settle();
  for (const { tenantId } of [owner, other]) await server.runtime.ctx(tenantId).tx((ctx) => ctx.enqueue(spoil, {}));
  await server.runUntilIdle();
}

test.each<[key: string, tables: TableName[]]>([
  ["connect.keepInboundDays", ["connect_inbound"]],
  ["audience.keepTimelineDays", ["audience_timeline"]],
  ["messaging.keepDeliveriesDays", ["messaging_delivery", "messaging_step", "messaging_receipt"]],
  ["events.keepDeadLettersDays", ["kit_dead", "kit_job"]],
])("%s: what is older goes, the rest stays, and with 0 everything", async (key, tables) => {
  const { server } = tea;
  await aDay();
  const old = await counts(tables);
  for (const count of Object.values(old)) expect(count).toBeGreaterThan(0);
  const others = await counts(tables, other);
  server.clock.advance(10 * dayMs);
  await aDay();
  const all = await counts(tables);

  await keep(key, 0);
  await server.runtime.runSchedule("settings.prune");
  expect(await counts(tables)).toEqual(all);

  await keep(key, 5);
  await server.runtime.runSchedule("settings.prune");
  const left = Object.entries(all).map(([table, count]) => [table, count - old[table]!]);
  expect(await counts(tables)).toEqual(Object.fromEntries(left));
  for (const [table, count] of Object.entries(others)) {
    expect((await counts([table as TableName], other))[table], table).toBeGreaterThanOrEqual(count);
  }
});

test("a channel's figures outlive the messages they were counted from", async () => {
  const { owner, bound, emulator, server } = tea;
  const shown = async () => (await owner.api.connect.listChannels()).items.find(({ id }) => id === bound.channel.id)!;
  const { scans, people } = await shown();
  expect(scans).toBeGreaterThanOrEqual(8);
  expect(people).toBe(scans);
  server.clock.advance(400 * dayMs);
  await server.runtime.runSchedule("settings.prune");
  expect(await counts(["connect_inbound"])).toEqual({ connect_inbound: 0 });
  const back = emulator.world.puppets()[0]!;
  await emulator.world.scan(back.id, { code: bound.channel.ticket });
  expect(await shown()).toMatchObject({ scans: scans + 1, people });
});

test("pruning goes on until a batch finds less than it may take", async () => {
  const limits: number[] = [];
  const prune: Prune = async (_ctx, { limit }) => {
    limits.push(limit);
    return limits.length < 3 ? limit : 7;
  };
  const teas = retention("teas.keepLeavesDays", 1, { zh: "茶叶", en: "leaves" }, prune);
  const pruned = await pruneOld(tea.server.runtime.ctx(tea.owner.tenantId), teas, 1);
  expect(pruned).toBe(2 * limits[0]! + 7);
});

test("pruning reads what is old and little else, whether it goes by ids or by a column", async () => {
  const { runtime, clock } = tea.server;
  const { tenantId } = tea.owner;
  await aDay();
  await runtime.ctx(tenantId).tx(async (ctx) => {
    const { id: personId } = await ctx.db.selectFrom("audience_person").select("id").executeTakeFirstOrThrow();
    const entries = Array.from({ length: 3000 }, () => [personId, "sipped", "{}", "", ctx.now()]);
    await ctx.copyFrom("audience_timeline", ["personId", "kind", "details", "traceId", "at"], entries);
    const receipts = entries.map((_, n) => [personId, `many-${n}`, "success", ctx.now()]);
    await ctx.copyFrom("messaging_receipt", ["wechatAppId", "providerId", "status", "receivedAt"], receipts);
  });
  await sql`ANALYZE audience_timeline, messaging_receipt`.execute(runtime.unscopedDb());
  const before = new Date(clock.now().getTime() - dayMs);
  for (const prune of [rowsOf("audience_timeline"), rowsOf("messaging_receipt", "receivedAt")]) {
    const read = await runtime.ownerTransaction(async (trx) => {
      // The connection's count, that of transactions before this one with it.
      const count = async (): Promise<number> => {
        const [row] = await trx.query<{ rows: number }>(
          "SELECT sum(idx_tup_fetch + seq_tup_read)::int AS rows FROM pg_stat_xact_user_tables",
        );
        return row!.rows;
      };
      const countBefore = await count();
      await trx.runAsTenant({ tenantId }, (ctx) => prune(ctx, { before, beforeId: firstIdAt(before), limit: 10 }));
      return (await count()) - countBefore;
    });
    expect(read).toBeLessThan(200);
  }
});
