import { sql } from "kysely";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { z } from "zod";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import { job } from "./jobs.ts";
import { replayDeadLetters } from "./queue/dead-letters.ts";
import type { Runtime } from "./runtime.ts";

const wash = job("tea.wash", z.object({ cup: z.string() }), { retryLimit: 1, retryDelaySeconds: 10, expireSeconds: 1 });

let open: OpenRuntime;
let runtime: Runtime;
let ctx: Ctx;
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
  ctx = runtime.ctx(newId(open.clock.now()));
});
afterEach(() => open.close());

test("of jobs with one singleton key a second is queued only when the first has begun", async () => {
  const washed: string[] = [];
  let inside: string | undefined;
  runtime.job(wash, async (ctx, { cup }) => {
    washed.push(cup);
    if (cup === "a") inside = await ctx.tx((ctx) => ctx.enqueue(wash, { cup: "c" }, { singletonKey: "cups" }));
  });
  await runtime.start({ work: false });
  const enqueue = (cup: string) => ctx.tx((ctx) => ctx.enqueue(wash, { cup }, { singletonKey: "cups" }));
  const first = await enqueue("a");
  expect(await enqueue("b")).toBe(first);
  await runtime.runUntilIdle();
  expect(washed).toEqual(["a", "c"]);
  expect(inside).not.toBe(first);
});

test("sixty times four at once with one singleton key: one job", async () => {
  let ran = 0;
  runtime.job(wash, async () => void (ran += 1));
  await runtime.start({ work: false });
  for (let round = 0; round < 60; round++) {
    const ids = await Promise.all(
      Array.from({ length: 4 }, () => ctx.tx((ctx) => ctx.enqueue(wash, { cup: "a" }, { singletonKey: `${round}` }))),
    );
    expect(new Set(ids).size).toBe(1);
  }
  await runtime.runUntilIdle();
  expect(ran).toBe(60);
});

test("higher priorities go first, in the order they came", async () => {
  const washed: string[] = [];
  runtime.job({ ...wash, concurrency: 1 }, async (_, { cup }) => void washed.push(cup));
  await runtime.start({ work: false });
  await ctx.tx(async (ctx) => {
    for (const cup of ["l1", "l2"]) await ctx.enqueue(wash, { cup }, { priority: "low" });
    for (const cup of ["n1", "n2"]) await ctx.enqueue(wash, { cup });
    for (const cup of ["h1", "h2"]) await ctx.enqueue(wash, { cup }, { priority: "high" });
  });
  await runtime.runUntilIdle();
  expect(washed).toEqual(["h1", "h2", "n1", "n2", "l1", "l2"]);
});

test("a job shows its progress and its state, and is a dead letter when its tries are over; replayed, it runs again", async () => {
  let fails = true;
  runtime.job(wash, async (_, __, { attempt, progress }) => {
    await progress({ cups: attempt });
    if (fails) throw new Error("no water");
  });
  await runtime.start({ work: false });
  const id = await ctx.tx((ctx) => ctx.enqueue(wash, { cup: "a" }));
  const status = async () => runtime.jobs.status(ctx, id);
  expect(await status()).toMatchObject({ state: "waiting", progress: null });
  await runtime.runUntilIdle();
  expect(await status()).toMatchObject({ state: "retrying", progress: { cups: 1 } });
  open.clock.advance(10_000);
  await runtime.runUntilIdle();
  expect(await status()).toMatchObject({ state: "dead", progress: { cups: 2 } });
  fails = false;
  expect(await replayDeadLetters(ctx, { queue: "tea.wash" })).toBe(1);
  await runtime.runUntilIdle();
  expect(await status()).toMatchObject({ name: "tea.wash", state: "done", progress: { cups: 1 } });
  open.clock.advance(8 * 86_400_000);
  await runtime.runSchedule("kit.tend_event_log");
  expect(await status()).toBeUndefined();
});

test("thousands of dead letters are sent again, in batches, and one that dies anew waits for the next time", async () => {
  runtime.job(wash, async () => {});
  await runtime.start({ work: false });
  const dead = { queue: "tea.wash", priority: 0, attempts: 1, lastError: "", traceId: "", diedAt: open.clock.now() };
  const letters = Array.from({ length: 2500 }, () => ({ ...dead, ref: newId(open.clock.now()) }));
  await ctx.db.insertInto("kit_dead").values(letters).execute();
  const late = new Date(open.clock.now().getTime() + 3_600_000);
  await ctx.db
    .insertInto("kit_dead")
    .values({ ...dead, ref: newId(late), diedAt: late })
    .execute();
  const transactions = new Set<string>();
  expect(await replayDeadLetters(ctx, {})).toBe(2500);
  const tasks = await open.db
    .selectFrom("kit_task")
    .select(sql<string>`xmin::text`.as("xmin"))
    .where("queue", "=", "tea.wash")
    .execute();
  for (const { xmin } of tasks) transactions.add(xmin);
  expect([tasks.length, transactions.size]).toEqual([2500, 3]);
  expect(await ctx.db.selectFrom("kit_dead").select("diedAt").execute()).toEqual([{ diedAt: late }]);
});

test("a job that takes too long is told, counted as failed, and its neighbours are not run again", async () => {
  const runs = new Map<string, number>();
  const told: string[] = [];
  runtime.job(wash, async (ctx, { cup }) => {
    runs.set(cup, (runs.get(cup) ?? 0) + 1);
    if (cup !== "slow") return;
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    told.push((ctx.signal.reason as Error).message);
  });
  await runtime.start({ work: false });
  await ctx.tx(async (ctx) => {
    for (const cup of ["a", "slow", "b"]) await ctx.enqueue(wash, { cup });
  });
  await runtime.runUntilIdle();
  open.clock.advance(10_000);
  await runtime.runUntilIdle();
  expect(Object.fromEntries(runs)).toEqual({ a: 1, slow: 2, b: 1 });
  expect(told).toEqual(["it ran longer than 1000 ms", "it ran longer than 1000 ms"]);
  expect(await open.db.selectFrom("kit_dead").select(["queue", "attempts"]).execute()).toEqual([
    { queue: "tea.wash", attempts: 2 },
  ]);
});

test("a job that is called off doesn't run; one that runs is told", async () => {
  const begun = Promise.withResolvers<void>();
  const told = Promise.withResolvers<string>();
  let ran = 0;
  runtime.job({ ...wash, expireSeconds: 60 }, async (ctx) => {
    ran += 1;
    begun.resolve();
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    told.resolve((ctx.signal.reason as Error).name);
  });
  await runtime.start({ work: true });
  const cancel = (id: string) => ctx.tx((ctx) => runtime.jobs.cancel(ctx, id));
  const later = new Date(open.clock.now().getTime() + 3_600_000);
  const waits = await ctx.tx((ctx) => ctx.enqueue(wash, { cup: "a" }, { startAfter: later }));
  expect([await cancel(waits), await cancel(waits)]).toEqual([true, false]);
  const runs = await ctx.tx((ctx) => ctx.enqueue(wash, { cup: "b" }));
  await begun.promise;
  expect(await cancel(runs)).toBe(true);
  expect(await told.promise).toBe("LeaseLost");
  expect(ran).toBe(1);
  expect(await runtime.jobs.status(ctx, runs)).toMatchObject({ state: "cancelled" });
  expect(await open.db.selectFrom("kit_task").select("ref").where("queue", "=", "tea.wash").execute()).toEqual([]);
});
