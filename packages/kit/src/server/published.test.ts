import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { z } from "zod";
import { event } from "../contract/event.ts";
import { newId } from "../contract/ids.ts";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import type { Ctx } from "./ctx.ts";
import type { PublishedEvent } from "./events.ts";
import { OutOfReach } from "./queue/definition.ts";
import type { Runtime } from "./runtime.ts";

const poured = event("tea.poured.v1", z.object({ pot: z.string(), n: z.int() }), { key: ({ pot }) => pot });
const washed = event("tea.washed.v1", z.object({ pot: z.string() }));
const hidden = event("tea.counted.v1", z.object({ pots: z.int() }));

let open: OpenRuntime;
let runtime: Runtime;
let ctx: Ctx;
beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
  ctx = runtime.ctx(newId(open.clock.now()));
});
afterEach(() => open.close());

const pour = (by: Ctx, n: number, pot = "a") => by.tx((ctx) => ctx.emit(poured, { pot, n }));
const tasks = async () => (await open.db.selectFrom("kit_task").select("queue").execute()).map(({ queue }) => queue);

test("whoever listens to what is published hears of every such event, and of no other", async () => {
  const heard: unknown[] = [];
  runtime.onPublished("gate.hear", async (_, payload, { name }) => void heard.push([name, payload]));
  // Modules are wired one after the other: this one after who listens.
  runtime.publish([poured, washed]);
  await runtime.start({ work: false });
  await ctx.tx(async (ctx) => {
    await ctx.emit(poured, { pot: "a", n: 1 });
    await ctx.emit(hidden, { pots: 2 });
    await ctx.emitAll(washed, [{ pot: "a" }]);
  });
  await runtime.runUntilIdle();
  expect(heard).toHaveLength(2);
  expect(heard).toEqual(
    expect.arrayContaining([
      ["tea.poured.v1", { pot: "a", n: 1 }],
      ["tea.washed.v1", { pot: "a" }],
    ]),
  );
});

test("one that is by tenant gets an event exactly if its tenant listens when it is emitted, in any process", async () => {
  const heard: number[] = [];
  const other = await open.second();
  for (const each of [runtime, other]) {
    each.publish([poured, washed]);
    each.onPublished("gate.hear", async (_, payload) => void heard.push((payload as { n: number }).n), {
      byTenant: true,
    });
    await each.start({ work: false });
  }
  const [here, there] = [ctx, other.ctx(ctx.tenantId)];
  const neighbour = other.ctx(newId(open.clock.now()));
  const expected: number[] = [];
  for (let round = 0; round < 200; round++) {
    const wants = round % 3 === 0;
    await here.tx((ctx) => runtime.listen(ctx, "gate.hear", wants ? ["tea.poured.v1"] : ["tea.washed.v1"]));
    await pour(there, round, `pot ${round % 5}`);
    await pour(neighbour, -1);
    await there.tx((ctx) =>
      ctx.emitAll(poured, [
        { pot: "many", n: round + 1000 },
        { pot: "many", n: round + 2000 },
      ]),
    );
    if (wants) expected.push(round, round + 1000, round + 2000);
  }
  await runtime.runUntilIdle();
  expect(heard.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
});

test("a tenant that doesn't listen gets no task, and nobody is woken for it", async () => {
  runtime.publish([poured]);
  runtime.onPublished("gate.hear", async () => {}, { byTenant: true });
  await runtime.start({ work: false });
  await pour(ctx, 1);
  await ctx.tx((ctx) =>
    ctx.emitAll(poured, [
      { pot: "a", n: 1 },
      { pot: "b", n: 2 },
    ]),
  );
  expect(await tasks()).toEqual([]);
  const { handlers } = await open.db.selectFrom("kit_event").select("handlers").executeTakeFirstOrThrow();
  expect(handlers).toEqual([]);
});

test("a handler that takes them one after the other gets a tenant's events as they were written", async () => {
  const heard = new Map<string, number[]>();
  runtime.publish([poured]);
  runtime.onPublished(
    "gate.hear",
    async (ctx, payload) => {
      const { n } = payload as { n: number };
      heard.set(ctx.tenantId, [...(heard.get(ctx.tenantId) ?? []), n]);
    },
    { ordered: "all" },
  );
  await runtime.start({ work: true });
  const tenants = Array.from({ length: 3 }, () => runtime.ctx(newId(open.clock.now())));
  for (let n = 0; n < 200; n += 2) {
    for (const each of tenants) {
      await pour(each, n, `pot ${n % 7}`);
      await each.tx((ctx) => ctx.emitAll(poured, [{ pot: `pot ${n % 5}`, n: n + 1 }]));
    }
  }
  const inOrder = Array.from({ length: 200 }, (_, n) => n);
  for (const { tenantId } of tenants) await expect.poll(() => heard.get(tenantId)).toEqual(inOrder);
});

test("a renamed handler goes on hearing for those who listened by its former name", async () => {
  runtime.publish([poured]);
  runtime.onPublished("gate.before", async () => {}, { byTenant: true });
  await runtime.start({ work: false });
  await ctx.tx((ctx) => runtime.listen(ctx, "gate.before", ["tea.poured.v1"]));
  const later = await open.second();
  later.publish([poured]);
  const heard: unknown[] = [];
  later.onPublished("gate.after", async (_, payload) => void heard.push(payload), {
    byTenant: true,
    aliases: ["gate.before"],
  });
  await later.start({ work: false });
  await pour(ctx, 7);
  await later.runUntilIdle();
  expect(heard).toEqual([{ pot: "a", n: 7 }]);
});

test("what is handed on goes in batches, in the order of its keys, and is done when it has arrived", async () => {
  const arrived: PublishedEvent[] = [];
  let calls = 0;
  runtime.publish([poured]);
  runtime.forwardPublished("gate.relay", async (events) => {
    calls += 1;
    arrived.push(...events);
    return new Map();
  });
  await runtime.start({ work: false });
  for (let n = 0; n < 300; n++) await pour(ctx, n, `pot ${n % 7}`);
  await runtime.runUntilIdle();
  expect(arrived).toHaveLength(300);
  expect(calls).toBeLessThan(60);
  const numbers = Map.groupBy(arrived, ({ key }) => key);
  for (const each of numbers.values()) {
    const n = each.map(({ payload }) => (payload as { n: number }).n);
    expect(n).toEqual(n.toSorted((a, b) => a - b));
  }
  expect(await tasks()).toEqual([]);
  expect(await open.db.selectFrom("kit_handled").selectAll().execute()).toHaveLength(300);
});

test("while nobody can be reached no try is counted; what is refused is tried again, and given up in the end", async () => {
  let reach: "away" | "refuses" | "takes" = "away";
  const arrived: unknown[] = [];
  runtime.publish([washed]);
  runtime.forwardPublished(
    "gate.relay",
    async (events) => {
      if (reach === "away") runtime.restQueue("gate.relay", true);
      if (reach === "away") throw new OutOfReach("no answer");
      const refused = events.filter(({ payload }) => (payload as { pot: string }).pot === "cracked");
      arrived.push(...events.filter((each) => !refused.includes(each)).map(({ payload }) => payload));
      return new Map(refused.map((each) => [each, new Error("too cracked")]));
    },
    { ordered: false },
  );
  await runtime.start({ work: false });
  await ctx.tx((ctx) => ctx.emitAll(washed, [{ pot: "a" }, { pot: "cracked" }, { pot: "b" }]));
  await runtime.runUntilIdle();
  expect(await open.db.selectFrom("kit_task").select("attempts").execute()).toEqual(
    [0, 0, 0].map((attempts) => ({ attempts })),
  );
  await runtime.runUntilIdle();
  reach = "refuses";
  runtime.restQueue("gate.relay", false);
  for (let round = 0; round < 12; round++) {
    await runtime.runUntilIdle();
    open.clock.advance(3_600_000);
  }
  expect(arrived).toEqual([{ pot: "a" }, { pot: "b" }]);
  expect(await tasks()).toEqual([]);
  expect(await open.db.selectFrom("kit_dead").select(["queue", "lastError", "attempts"]).execute()).toEqual([
    { queue: "gate.relay", lastError: "too cracked", attempts: 10 },
  ]);
});

test("a task that waits for its time is tried at once when somebody asks for that; one that runs is left alone", async () => {
  let fails = true;
  const tried: number[] = [];
  for (const keyed of [false, true]) {
    runtime.queue({
      name: keyed ? "gate.keyed" : "gate.plain",
      effect: "outside",
      keyed,
      begin: async (_, { ref }) => ({ item: ref }),
      run: async (_, { attempt }) => void tried.push(attempt),
      settle: async () => (fails ? { restartAfterMs: 36_000_000 } : undefined),
    });
  }
  await runtime.start({ work: false });
  const refs = [newId(open.clock.now()), newId(open.clock.now())];
  const ask = (atOnce: boolean) =>
    ctx.tx(async (ctx) => {
      await ctx.queueTasks("gate.plain", refs, { atOnce });
      await ctx.queueTasks("gate.keyed", refs, { key: "door", atOnce });
    });
  await ask(false);
  await runtime.runUntilIdle();
  expect(tried).toHaveLength(3);
  await ask(false);
  await runtime.runUntilIdle();
  expect(tried).toHaveLength(3);
  fails = false;
  await ask(true);
  await runtime.runUntilIdle();
  expect(tried).toHaveLength(7);
  expect(await tasks()).toEqual([]);
});
