import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { newId } from "../../contract/ids.ts";
import { addTasks } from "../../testing/queue.ts";
import { openRuntime, type OpenRuntime } from "../../testing/runtime.ts";
import type { Runtime } from "../runtime.ts";
import type { OutsideQueue } from "./definition.ts";

let open: OpenRuntime;
let runtime: Runtime;
let tenantId: string;
const told: string[] = [];

beforeEach(async () => {
  open = await openRuntime(inject("clusterUrl"));
  runtime = open.runtime;
  tenantId = newId(open.clock.now());
  told.length = 0;
});
afterEach(() => open.close());

function define(on: Runtime, settings: Partial<OutsideQueue<string, string>>): string {
  on.queue<string, string>({
    name: "tea.calls",
    effect: "outside",
    begin: async (_, { ref }) => ({ item: ref }),
    run: async () => "answered",
    settle: async (_, task, __, result) => void told.push(`${result} ${task.attempt}`),
    ...settings,
  });
  return "tea.calls";
}
const left = () => open.db.selectFrom("kit_task").select(["attempts", "begun", "lease"]).execute();

test("what a call came to is written down with the task's end; what it says may put it off or start it anew", async () => {
  const verdicts = [{ retryAfterMs: 1000 }, { restartAfterMs: 1000 }, undefined];
  const attempts: number[] = [];
  const queue = define(runtime, {
    settle: async (_, { attempt }) => {
      attempts.push(attempt);
      return verdicts.shift();
    },
  });
  await runtime.start({ work: false });
  await addTasks(runtime, queue, tenantId, [undefined]);
  for (let pass = 0; pass < 3; pass++) {
    await runtime.runUntilIdle();
    open.clock.advance(1000);
  }
  expect(attempts).toEqual([1, 2, 1]);
  expect(await left()).toEqual([]);
});

test("a call that threw is made again later, and given up after its attempts", async () => {
  const queue = define(runtime, {
    attempts: 2,
    run: async () => {
      throw new Error("engaged");
    },
    failed: async (_, __, error, dead) => void told.push(`${(error as Error).message} ${dead}`),
  });
  await runtime.start({ work: false });
  await addTasks(runtime, queue, tenantId, [undefined]);
  await runtime.runUntilIdle();
  await runtime.runUntilIdle();
  expect(told).toEqual(["engaged false"]);
  open.clock.advance(3_600_000);
  await runtime.runUntilIdle();
  expect(told).toEqual(["engaged false", "engaged true"]);
  expect(await open.db.selectFrom("kit_dead").select("lastError").execute()).toEqual([{ lastError: "engaged" }]);
});

test("a call that hangs is aborted when its time is over; an answer that comes after all is heard", async () => {
  const late = Promise.withResolvers<void>();
  const queue = define(runtime, {
    timeoutMs: 30,
    run: async (ctx) => {
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      return "answered late";
    },
    lost: async () => void told.push("lost"),
    late: async (_, __, ___, result) => {
      told.push(result);
      late.resolve();
    },
  });
  await runtime.start({ work: false });
  await addTasks(runtime, queue, tenantId, [undefined]);
  await runtime.runUntilIdle();
  await late.promise;
  expect(told.toSorted()).toEqual(["answered late", "lost"]);
  expect(await left()).toEqual([]);
});

test("what was in flight when a process died ends as lost, once; what had not begun is simply run", async () => {
  const began = Promise.withResolvers<void>();
  const settings = { leaseMs: 60_000, lost: async () => void told.push("lost") };
  const queue = define(runtime, {
    ...settings,
    run: () => {
      began.resolve();
      return new Promise(() => {});
    },
  });
  await runtime.start({ work: true });
  await addTasks(runtime, queue, tenantId, [undefined]);
  await began.promise;
  // A process that is gone renews nothing; this one is only cut off.
  const other = await open.second();
  await runtime.stop({ deadlineMs: 0 });
  const db = other.unscopedDb();
  expect(
    await db.selectFrom("kit_task").select(["attempts", "begun"]).where("queue", "=", "tea.calls").execute(),
  ).toEqual([{ attempts: 1, begun: true }]);
  const again = define(other, settings);
  await other.start({ work: false });
  // Claimed, and dead before it could begin: nobody was called.
  const [unbegun = ""] = await addTasks(other, again, tenantId, [undefined]);
  await sql`UPDATE kit_task SET attempts = 1, lease = gen_random_uuid(), due_at = now() WHERE ref = ${unbegun}`.execute(
    db,
  );
  open.clock.advance(61_000);
  await other.runUntilIdle();
  expect(told.toSorted()).toEqual(["answered 2", "lost"]);
  await other.runUntilIdle();
  expect(told).toHaveLength(2);
});

test("an answer that can't be written down although the database is there counts as none", async () => {
  let tries = 0;
  const queue = define(runtime, {
    settle: async () => {
      tries += 1;
      throw new Error("illegible");
    },
    lost: async () => void told.push("lost"),
  });
  await runtime.start({ work: false });
  await addTasks(runtime, queue, tenantId, [undefined]);
  await runtime.runUntilIdle();
  expect([tries, told]).toEqual([3, ["lost"]]);
  expect(await left()).toEqual([]);
});

test("eight slow calls of one tenant don't keep others waiting", async () => {
  const go = Promise.withResolvers<void>();
  const others = Promise.withResolvers<void>();
  const queue = define(runtime, {
    run: async (ctx) => {
      if (ctx.tenantId === tenantId) await go.promise;
      else others.resolve();
      return "answered";
    },
  });
  await runtime.start({ work: true });
  await addTasks(
    runtime,
    queue,
    tenantId,
    Array.from({ length: 20 }, () => undefined),
  );
  await expect.poll(async () => (await left()).filter(({ begun }) => begun).length, { interval: 5 }).toBeGreaterThan(3);
  await addTasks(runtime, queue, newId(open.clock.now()), [undefined]);
  await others.promise;
  expect((await left()).filter(({ begun }) => begun).length).toBeLessThan(8);
  go.resolve();
});

test("calls with the same key are made one after the other, in their order; others don't wait for them", async () => {
  const made: string[] = [];
  const underWay = new Set<string | null>();
  const queue = define(runtime, {
    keyed: true,
    concurrency: 8,
    run: async (_, { key }) => {
      expect(underWay.has(key)).toBe(false);
      underWay.add(key);
      await nextTurn();
      underWay.delete(key);
      return "answered";
    },
    settle: async (_, { key, ref }) => void made.push(`${key} ${ref}`),
  });
  await runtime.start({ work: false });
  const refs = await addTasks(runtime, queue, tenantId, ["a", "a", "b", "a", "a", "b"]);
  await runtime.runUntilIdle();
  const of = (key: string, places: readonly number[]) => {
    expect(made.filter((each) => each.startsWith(key))).toEqual(places.map((place) => `${key} ${refs[place]}`));
  };
  of("a", [0, 1, 3, 4]);
  of("b", [2, 5]);
});
