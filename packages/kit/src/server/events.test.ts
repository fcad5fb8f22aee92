import { sql } from "kysely";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { z } from "zod";
import { event } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { createPlainTable } from "../testing/queue.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx, TxCtx } from "./ctx.ts";
import { openDatabase } from "./database.ts";
import { job } from "./jobs.ts";
import { Runtime } from "./runtime.ts";

const brewed = event("tea.brewed.v1", z.object({ cups: z.int() }));
const wash = job("tea.wash", z.object({ cup: z.string() }), { retryLimit: 3, retryDelaySeconds: 10 });

let open: OpenRuntime;
let runtime: Runtime;
let ctx: Ctx;
/** What became of every event for every handler, as the log shows it. */
const deliveries = async () => {
  const { db } = open;
  const [tasks, dead, handled] = await Promise.all([
    db.selectFrom("kit_task").select(["queue as handler", "attempts", "lastError"]).execute(),
    db.selectFrom("kit_dead").select(["queue as handler", "attempts", "lastError"]).execute(),
    db.selectFrom("kit_handled").select(["handler", "attempts"]).execute(),
  ]);
  return [
    ...tasks.map((each) => ({ ...each, state: "pending" })),
    ...dead.map((each) => ({ ...each, state: "dead" })),
    ...handled.map((each) => ({ ...each, state: "done", lastError: null })),
  ].toSorted((a, b) => a.handler.localeCompare(b.handler));
};

beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
  ctx = runtime.ctx(newId(open.clock.now()), { traceId: "t".repeat(32) });
});
afterEach(() => open.close());

test("an event of a transaction that fails was never emitted, and neither were its jobs", async () => {
  const seen: unknown[] = [];
  runtime.on(brewed, "tea.see", async (_, payload) => void seen.push(payload));
  runtime.job(wash, async (_, payload) => void seen.push(payload));
  await runtime.start({ work: false });
  const failing = ctx.tx(async (ctx) => {
    await ctx.emit(brewed, { cups: 1 });
    await ctx.enqueue(wash, { cup: "a" });
    throw new Error("spilled");
  });
  await expect(failing).rejects.toThrow("spilled");
  await runtime.runUntilIdle();
  expect(seen).toEqual([]);
  await ctx.tx(async (ctx) => {
    await ctx.emit(brewed, { cups: 2 });
    await ctx.enqueue(wash, { cup: "b" });
  });
  await runtime.runUntilIdle();
  expect(seen).toEqual([{ cups: 2 }, { cup: "b" }]);
});

test("a handler acts as the event's tenant, in its trace and in one transaction with its mark", async () => {
  let inside: Ctx | undefined;
  runtime.on(brewed, "tea.see", async (ctx) => {
    inside = ctx;
    await ctx.emit(event("tea.noted.v1", z.object({})), {});
    throw new Error("halfway");
  });
  await runtime.start({ work: false });
  await ctx.tx((ctx) => ctx.emit(brewed, { cups: 1 }));
  await runtime.runUntilIdle();
  expect(inside).toMatchObject({
    tenantId: ctx.tenantId,
    traceId: ctx.traceId,
    actor: { kind: "system", id: "tea.see" },
  });
  const names = await open.db.selectFrom("kit_event").select("name").execute();
  expect(names).toEqual([{ name: "tea.brewed.v1" }]);
});

test("each subscriber has a delivery of its own; one that fails is tried again later, then parked", async () => {
  let fails = true;
  const done: string[] = [];
  runtime.on(brewed, "tea.calm", async () => void done.push("calm"));
  runtime.on(brewed, "tea.shaky", async () => {
    if (fails) throw new Error("too hot");
    done.push("shaky");
  });
  await runtime.start({ work: false });
  await ctx.tx((ctx) => ctx.emit(brewed, { cups: 1 }));
  await runtime.runUntilIdle();
  expect(await deliveries()).toEqual([
    { handler: "tea.calm", state: "done", attempts: 1, lastError: null },
    { handler: "tea.shaky", state: "pending", attempts: 1, lastError: "too hot" },
  ]);
  await runtime.runUntilIdle();
  expect((await deliveries())[1]).toMatchObject({ attempts: 1 });
  for (let attempt = 2; attempt <= 10; attempt++) {
    open.clock.advance(3_600_000);
    await runtime.runUntilIdle();
  }
  expect((await deliveries())[1]).toMatchObject({ state: "dead", attempts: 10 });
  fails = false;
  open.clock.advance(3_600_000);
  await runtime.runUntilIdle();
  expect(done).toEqual(["calm"]);
});

test("deliveries for a handler that is gone become dead letters after a week, and those of a living one don't", async () => {
  runtime.on(brewed, "tea.gone", async () => {});
  await runtime.start({ work: false });
  const living = await open.second();
  living.on(brewed, "tea.slow", async () => {});
  await living.start({ work: false });
  await ctx.tx((ctx) => ctx.emit(brewed, { cups: 1 }));
  await runtime.stop();
  open.clock.advance(8 * 86_400_000);
  await living.registerSubscriptions();
  await living.runSchedule("kit.dead_letter_orphans");
  open = { ...open, db: living.unscopedDb() };
  expect(await deliveries()).toMatchObject([
    { handler: "tea.gone", state: "dead", lastError: expect.stringContaining("no process works") as string },
    { handler: "tea.slow", state: "pending" },
  ]);
});

test("what doesn't fit its schema is refused at the emit", async () => {
  await runtime.start({ work: false });
  await expect(ctx.tx((ctx) => ctx.emit(brewed, { cups: 0.5 }))).rejects.toThrow(z.ZodError);
});

test("an old process hands events to a handler that only a newer one knows", async () => {
  const newer = await open.second();
  const seen: number[] = [];
  newer.on(brewed, "tea.new", async (_, { cups }) => void seen.push(cups));
  await newer.start({ work: false });
  await runtime.start({ work: false });
  await ctx.tx((ctx) => ctx.emit(brewed, { cups: 7 }));
  await runtime.runUntilIdle();
  expect(seen).toEqual([]);
  await newer.runUntilIdle();
  expect(seen).toEqual([7]);
});

test("two processes work one log off: 300 events, each handled once", async () => {
  const counted = event("tea.counted.v1", z.object({ n: z.int() }));
  const seen: number[] = [];
  const processes = [runtime, await open.second()];
  for (const each of processes) {
    each.on(counted, "tea.count", async (_, { n }) => void seen.push(n));
    await each.start({ work: false });
  }
  await Promise.all(Array.from({ length: 300 }, (_, n) => ctx.tx((ctx) => ctx.emit(counted, { n }))));
  await Promise.all(processes.flatMap((each) => [each.runUntilIdle(), each.runUntilIdle()]));
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n));
});

test("a job that fails is tried again when its time has come, by the server's clock", async () => {
  let tries = 0;
  runtime.job(wash, async () => {
    tries += 1;
    if (tries < 3) throw new Error("no water");
  });
  await runtime.start({ work: false });
  await ctx.tx((ctx) => ctx.enqueue(wash, { cup: "a" }));
  await runtime.runUntilIdle();
  expect(tries).toBe(1);
  open.clock.advance(3_600_000);
  await runtime.runUntilIdle();
  expect(tries).toBe(2);
  open.clock.advance(3_600_000);
  await runtime.runUntilIdle();
  expect(tries).toBe(3);
});

test("a job for later waits for its instant", async () => {
  let ran = 0;
  runtime.job(wash, async () => void (ran += 1));
  await runtime.start({ work: false });
  const tomorrow = new Date(ctx.now().getTime() + 86_400_000);
  await ctx.tx((ctx) => ctx.enqueue(wash, { cup: "a" }, { startAfter: tomorrow }));
  await runtime.runUntilIdle();
  expect(ran).toBe(0);
  open.clock.advance(86_401_000);
  await runtime.runUntilIdle();
  expect(ran).toBe(1);
});

test("a worker hears of work without being told to look", async () => {
  const heard = Promise.withResolvers<number>();
  const washed = Promise.withResolvers<string>();
  runtime.on(brewed, "tea.hear", async (ctx, { cups }) => {
    await ctx.enqueue(wash, { cup: "late" });
    heard.resolve(cups);
  });
  runtime.job(wash, async (_, { cup }) => washed.resolve(cup));
  await runtime.start({ work: true });
  await ctx.tx((ctx) => ctx.emit(brewed, { cups: 3 }));
  expect(await heard.promise).toBe(3);
  expect(await washed.promise).toBe("late");
});

test("one event alone, many at once, and one behind a pooler are written alike, with the same tasks", async () => {
  const poured = event("tea.poured.v1", z.object({ pot: z.string() }), { key: ({ pot }) => pot });
  const wasted = event("tea.wasted.v1", z.object({}));
  runtime.on(poured, "tea.see", async () => {});
  runtime.on(poured, "tea.count", async () => {}, { ordered: false });
  runtime.on(brewed, "tea.see", async () => {});
  await runtime.start({ work: false });
  const pooled = new Runtime({
    env: runtime.env,
    clock: open.clock,
    log: runtime.log,
    database: openDatabase(runtime.env.DATABASE_URL, { prepares: false }),
  });
  const emits = (each: Ctx) => [
    () => each.tx((inner) => inner.emit(poured, { pot: "a" })),
    () => each.tx((inner) => inner.emit(brewed, { cups: 1 })),
    () => each.tx((inner) => inner.emit(wasted, {})),
  ];
  const many = [
    () => ctx.tx((inner) => inner.emitAll(poured, [{ pot: "a" }, { pot: "a" }])),
    () => ctx.tx((inner) => inner.emitAll(brewed, [{ cups: 1 }, { cups: 1 }])),
    () => ctx.tx((inner) => inner.emitAll(wasted, [{}, {}])),
  ];
  for (const emit of [...emits(ctx), ...many, ...emits(pooled.ctx(ctx.tenantId, { traceId: ctx.traceId }))])
    await emit();
  await pooled.stop();
  const { rows } = await sql<{ count: number; tasks: unknown }>`
    SELECT count(*)::int AS count, e.tenant_id, e.name, e.key, e.payload, e.actor_kind, e.actor_id, e.trace_id, e.handlers,
      (SELECT jsonb_agg(jsonb_build_array(t.queue, replace(t.key, e.id::text, 'its own'), t.tenant_id, t.trace_id)
         ORDER BY t.queue) FROM kit_task t WHERE t.ref = e.id) AS tasks
    FROM kit_event e GROUP BY ${sql.raw("2, 3, 4, 5, 6, 7, 8, 9, 10")}
    ORDER BY e.name`.execute(open.db);
  const of = (queue: string, key: string | null) => [queue, key, ctx.tenantId, ctx.traceId];
  expect(rows.map(({ count, tasks }) => ({ count, tasks }))).toEqual([
    { count: 4, tasks: [of("tea.see", "its own")] },
    { count: 4, tasks: [of("tea.count", null), of("tea.see", "a")] },
    { count: 4, tasks: null },
  ]);
});

test("events that are taken together share a handler's statements; what isn't like them runs alone, in its turn", async () => {
  const seen: unknown[] = [];
  runtime.on(brewed, "tea.see", async (_, { cups }) => void seen.push(cups), {
    together: {
      takes: ({ cups }) => cups < 100,
      run: async (_, received) =>
        void seen.push(received.map(({ payload, traceId }) => `${payload.cups}${traceId[0]}`)),
    },
  });
  await runtime.start({ work: false });
  for (const [trace, cups] of [
    ["a", 1],
    ["b", 2],
    ["c", 100],
    ["d", 3],
    ["e", 4],
    ["f", 101],
    ["g", 5],
  ] as const)
    await runtime.ctx(ctx.tenantId, { traceId: trace.repeat(32) }).tx((ctx) => ctx.emit(brewed, { cups }));
  await runtime.ctx(newId(open.clock.now())).tx((ctx) => ctx.emit(brewed, { cups: 100 }));
  await runtime.runUntilIdle();
  // Who has no company is handled as one is.
  expect(seen).toEqual([["1a", "2b"], 100, ["3d", "4e"], 101, 5, 100]);
});

test("one of many taken together that fails costs the others nothing, and none is done twice", async () => {
  await createPlainTable(open.db, "tea_cup", "cups int NOT NULL");
  const drink = async (ctx: TxCtx, cups: number) => {
    await ctx.sql`INSERT INTO tea_cup (cups) VALUES (${cups})`;
    if (cups === 13) throw new Error("spilled");
  };
  let together = 0;
  runtime.on(brewed, "tea.see", (ctx, { cups }) => drink(ctx, cups), {
    together: {
      takes: () => true,
      run: async (ctx, received) => {
        together += 1;
        for (const { payload } of received) await drink(ctx, payload.cups);
      },
    },
  });
  await runtime.start({ work: false });
  await ctx.tx((ctx) =>
    ctx.emitAll(
      brewed,
      [11, 12, 13, 14, 15].map((cups) => ({ cups })),
    ),
  );
  await runtime.runUntilIdle();
  expect(together).toBeGreaterThan(0);
  const { rows } = await sql<{ cups: number }>`SELECT cups FROM tea_cup ORDER BY cups`.execute(open.db);
  expect(rows.map(({ cups }) => cups)).toEqual([11, 12, 14, 15]);
  expect(await deliveries()).toMatchObject([
    { state: "pending", attempts: 1, lastError: "spilled" },
    { state: "done" },
    { state: "done" },
    { state: "done" },
    { state: "done" },
  ]);
});
