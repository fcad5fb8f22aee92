import { sql } from "kysely";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { z } from "zod";
import { event } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import type { Runtime } from "./runtime.ts";

const poured = event("tea.poured.v1", z.object({ pot: z.string(), n: z.int() }), {
  key: ({ pot }) => pot,
  keepDays: 30,
});
const washed = event("tea.washed.v1", z.object({ pot: z.string() }));
const dayMs = 86_400_000;

let open: OpenRuntime;
let runtime: Runtime;
let ctx: Ctx;
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
  ctx = runtime.ctx(newId(open.clock.now()));
});
afterEach(() => open.close());

/** Ids never go back within a process: where their time matters, it must be later than that of the tests before. */
const turnToFuture = (years: number): void => open.clock.advance(years * 366 * dayMs);
const names = async () =>
  (await open.db.selectFrom("kit_event").select("name").orderBy("id").execute()).map(({ name }) => name);
const partitions = async () => {
  const { rows } = await sql<{ name: string }>`SELECT inhrelid::regclass::text AS name FROM pg_inherits
    WHERE inhparent = 'kit_event'::regclass ORDER BY 1`.execute(open.db);
  return rows.map(({ name }) => name.replace("kit_event_", ""));
};

test("events of one key reach a handler in their order, however many are emitted in a transaction", async () => {
  const seen = new Map<string, number[]>();
  runtime.on(poured, "tea.see", async (_, { pot, n }) => void seen.set(pot, [...(seen.get(pot) ?? []), n]));
  await runtime.start({ work: false });
  for (let round = 0; round < 20; round++) {
    await ctx.tx(async (ctx) => {
      await ctx.emit(poured, { pot: "a", n: round * 10 });
      await ctx.emitAll(
        poured,
        Array.from({ length: 8 }, (_, n) => ({ pot: n % 2 ? "a" : "b", n: round * 10 + n + 1 })),
      );
      await ctx.emit(poured, { pot: "a", n: round * 10 + 9 });
    });
  }
  await runtime.runUntilIdle();
  expect(seen.get("a")).toHaveLength(120);
  for (const numbers of seen.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

test("an event of one key waits for the one before it that failed; a handler that doesn't care says so", async () => {
  let fails = true;
  const seen: string[] = [];
  const see =
    (who: string) =>
    async (_: unknown, { n }: { n: number }) => {
      if (fails && n === 1) throw new Error("spilled");
      seen.push(`${who} ${n}`);
    };
  runtime.on(poured, "tea.ordered", see("ordered"));
  runtime.on(poured, "tea.careless", see("careless"), { ordered: false });
  await runtime.start({ work: false });
  await ctx.tx((ctx) =>
    ctx.emitAll(poured, [
      { pot: "a", n: 1 },
      { pot: "a", n: 2 },
      { pot: "b", n: 3 },
    ]),
  );
  await runtime.runUntilIdle();
  expect(new Set(seen)).toEqual(new Set(["careless 2", "careless 3", "ordered 3"]));
  fails = false;
  open.clock.advance(3000);
  await runtime.runUntilIdle();
  expect(seen.filter((each) => each.startsWith("ordered"))).toEqual(["ordered 3", "ordered 1", "ordered 2"]);
});

test("a handler that came later gets what was before it, once, when it is told to", async () => {
  await runtime.start({ work: false });
  await ctx.tx((ctx) =>
    ctx.emitAll(
      poured,
      Array.from({ length: 2500 }, (_, n) => ({ pot: `p${n % 7}`, n })),
    ),
  );
  const neighbour = runtime.ctx(newId(open.clock.now()));
  await neighbour.tx((ctx) =>
    ctx.emitAll(
      poured,
      [-3, -2, -1].map((n) => ({ pot: "p0", n })),
    ),
  );
  open.clock.advance(1000);
  const later = await open.second();
  const seen: number[] = [];
  later.on(poured, "tea.late", async (_, { n }) => void seen.push(n));
  await later.start({ work: false });
  await ctx.tx((ctx) => ctx.emit(poured, { pot: "p0", n: 2500 }));
  expect(await later.replayEvents("tea.late", new Date(0))).toBe(2503);
  await later.runUntilIdle();
  expect(seen.filter((n) => n >= 0).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 2501 }, (_, n) => n));
  for (let pot = 0; pot < 7; pot++) {
    const ofPot = seen.filter((n) => n % 7 === pot && n < 2500);
    expect(ofPot).toEqual(ofPot.toSorted((a, b) => a - b));
  }
  expect(seen.filter((n) => n < 0)).toEqual([-3, -2, -1]);
  const { handlers } = await open.db.selectFrom("kit_event").select("handlers").executeTakeFirstOrThrow();
  expect(handlers).toEqual(["tea.late"]);
  await expect(later.replayEvents("tea.nobody", new Date(0))).rejects.toThrow("no handler");
});

test("a renamed handler gets what waited for its former name, and each new event once, also from older processes", async () => {
  const seen: string[] = [];
  runtime.on(poured, "tea.former", async (_, { n }) => void seen.push(`former ${n}`));
  await runtime.start({ work: false });
  await ctx.tx((ctx) =>
    ctx.emitAll(poured, [
      { pot: "a", n: 1 },
      { pot: "a", n: 2 },
    ]),
  );
  const newer = await open.second();
  newer.on(poured, "tea.new", async (_, { n }) => void seen.push(`new ${n}`), { aliases: ["tea.former"] });
  await newer.start({ work: false });
  // The older process still runs, and says again that it listens.
  await runtime.registerSubscriptions();
  await ctx.tx((ctx) => ctx.emit(poured, { pot: "a", n: 3 }));
  await Promise.all([newer.runUntilIdle(), runtime.runUntilIdle()]);
  expect(seen).toEqual(["new 1", "new 2", "new 3"]);
});

test.each([
  ["twice gets what waited for its first name, though it names only its second", "tea.third", ["third 1", "third 2"]],
  ["and then renamed back listens again", "tea.first", ["first 1", "first 2"]],
])("a handler that was renamed %s", async (_, name, expected) => {
  const seen: string[] = [];
  const see =
    (handler: string) =>
    async (__: Ctx, { n }: { n: number }) =>
      void seen.push(`${handler} ${n}`);
  runtime.on(poured, "tea.first", see("first"));
  await runtime.start({ work: false });
  const last = await open.second();
  await ctx.tx((ctx) => ctx.emit(poured, { pot: "a", n: 1 }));
  const second = await open.second();
  second.on(poured, "tea.second", see("second"), { aliases: ["tea.first"] });
  // Somebody works on it while the name changes, so that it stays under the former one.
  await sql`INSERT INTO kit_lane (tenant_id, queue, key) VALUES (${ctx.tenantId}, 'tea.first', 'a')`.execute(open.db);
  await second.start({ work: false });
  await sql`DELETE FROM kit_lane`.execute(open.db);
  last.on(poured, name, see(name.replace("tea.", "")), { aliases: ["tea.second"] });
  await last.start({ work: false });
  await ctx.tx((ctx) => ctx.emit(poured, { pot: "a", n: 2 }));
  await last.runUntilIdle();
  expect(seen).toEqual(expected);
});

test("months are made ahead; an event of a month without a partition is kept too, and moves when there is one", async () => {
  turnToFuture(20);
  await runtime.start({ work: true });
  const months = (await partitions()).filter((each) => /^\d{6}$/.test(each));
  const inTwoMonths = new Date(open.clock.now());
  inTwoMonths.setUTCDate(1);
  inTwoMonths.setUTCMonth(inTwoMonths.getUTCMonth() + 2);
  expect(months.at(-1)).toBe(inTwoMonths.toISOString().slice(0, 7).replace("-", ""));
  open.clock.advance(200 * dayMs);
  await ctx.tx((ctx) => ctx.emit(washed, { pot: "a" }));
  const inDefault = () => sql<{ n: number }>`SELECT count(*) AS n FROM kit_event_default`.execute(open.db);
  expect((await inDefault()).rows).toEqual([{ n: 1 }]);
  await runtime.runSchedule("kit.tend_event_log");
  expect((await inDefault()).rows).toEqual([{ n: 0 }]);
  expect(await names()).toEqual(["tea.washed.v1"]);
  const { rows } = await sql<{ secured: boolean }>`SELECT relrowsecurity AS secured FROM pg_class
    WHERE relname ~ '^kit_event_\\d{6}$'`.execute(open.db);
  expect(rows.every(({ secured }) => secured)).toBe(true);
});

test("events go when they were kept long enough, each kind by its own days; empty months go after them", async () => {
  turnToFuture(25);
  runtime.on(poured, "tea.see", async () => {});
  await runtime.start({ work: false });
  await ctx.tx(async (ctx) => {
    await ctx.emitAll(
      poured,
      Array.from({ length: 1500 }, (_, n) => ({ pot: "a", n })),
    );
    await ctx.emit(washed, { pot: "a" });
  });
  await runtime.runUntilIdle();
  await runtime.registerSubscriptions();
  open.clock.advance(20 * dayMs);
  await runtime.registerSubscriptions();
  await ctx.tx((ctx) => ctx.emit(poured, { pot: "b", n: 1 }));
  await runtime.runUntilIdle();
  open.clock.advance(15 * dayMs);
  await runtime.runSchedule("kit.tend_event_log");
  expect(await names()).toEqual(["tea.washed.v1", "tea.poured.v1"]);
  expect(await open.db.selectFrom("kit_handled").select("handler").execute()).toHaveLength(1);
  const before = await partitions();
  open.clock.advance(400 * dayMs);
  await runtime.runSchedule("kit.tend_event_log");
  expect(await names()).toEqual([]);
  const after = await partitions();
  expect(after.filter((each) => before.includes(each))).toEqual(["default", "past"]);
});
