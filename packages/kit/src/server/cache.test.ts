import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { openRuntime, type OpenRuntime } from "../testing/runtime.ts";
import { hasRedis, startRedis, type TestRedis } from "../testing/redis.ts";
import { newId } from "../contract/ids.ts";
import { type Cache, cache, Caches } from "./cache.ts";
import type { Ctx } from "./ctx.ts";
import { createLog } from "./log.ts";
import { Metrics } from "./metrics.ts";
import type { Runtime } from "./runtime.ts";
import { Secrets } from "./secrets.ts";
import { SharedStore } from "./redis-store.ts";

let opened: OpenRuntime;
let other: Runtime;
const tenantId = newId(new Date());
beforeAll(async () => {
  opened = await openRuntime(inject("clusterUrl"));
  other = await opened.second();
  for (const runtime of [opened.runtime, other]) await runtime.start({ work: false });
});
afterAll(() => opened.close());

const leaves = () => cache<string, string>("tea.leaves", { ttlMs: 60_000, max: 100, store: "process" });
const ctxOf = (runtime: Runtime, tenant = tenantId): Ctx => runtime.ctx(tenant);
const metricsOf = async (metrics: Metrics, outcome: string): Promise<number> => {
  const { body } = await metrics.text();
  return Number(new RegExp(`outcome="${outcome}"\\} (\\d+)`).exec(body)?.[1] ?? 0);
};

/** Caches of their own, without a database. */
function alone(store?: SharedStore) {
  const metrics = new Metrics();
  const caches = new Caches({ metrics, secrets: new Secrets([Buffer.alloc(32, 7).toString("base64")]), store });
  return { caches, metrics };
}

test("of a thousand who ask at once one reads, and the next finds it; each tenant has its own", async () => {
  const { caches, metrics } = alone();
  const kept = caches.of(leaves());
  const ctx = ctxOf(opened.runtime);
  let reads = 0;
  const begun = Promise.withResolvers<void>();
  const read = async (): Promise<string> => {
    reads += 1;
    await begun.promise;
    return "oolong";
  };
  const asked = Array.from({ length: 1000 }, () => kept.get(ctx, "a", read));
  begun.resolve();
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["oolong"]));
  expect(await kept.get(ctx, "a", read)).toBe("oolong");
  expect(reads).toBe(1);
  expect(await kept.get(ctxOf(opened.runtime, newId(new Date())), "a", read)).toBe("oolong");
  expect(reads).toBe(2);
  expect(await metricsOf(metrics, "joined")).toBe(999);
  expect(await metricsOf(metrics, "hit")).toBe(1);
});

test("what isn't there is remembered, too; what failed isn't, and several are read at once", async () => {
  const kept = alone().caches.of(leaves());
  const ctx = ctxOf(opened.runtime);
  let reads = 0;
  const nothing = async (): Promise<undefined> => void (reads += 1);
  expect([await kept.get(ctx, "none", nothing), await kept.get(ctx, "none", nothing)]).toEqual([undefined, undefined]);
  expect(reads).toBe(1);
  await expect(kept.get(ctx, "bad", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(await kept.get(ctx, "bad", async () => "back")).toBe("back");
  const asked: (readonly string[])[] = [];
  const load = async (keys: readonly string[]): Promise<Map<string, string>> => {
    asked.push(keys);
    return new Map(keys.filter((key) => key !== "gone").map((key) => [key, key.toUpperCase()]));
  };
  expect(await kept.getMany(ctx, ["x", "y", "gone"], load)).toEqual(
    new Map([
      ["x", "X"],
      ["y", "Y"],
    ]),
  );
  expect(await kept.getMany(ctx, ["y", "z", "gone"], load)).toEqual(
    new Map([
      ["y", "Y"],
      ["z", "Z"],
    ]),
  );
  expect(asked).toEqual([["x", "y", "gone"], ["z"]]);
});

test("what ends does so by itself, and is read anew; the oldest make room", async () => {
  const short = cache<string, number>("tea.short", { ttlMs: 20, missTtlMs: 20, max: 3, store: "process" });
  const kept = alone().caches.of(short);
  const ctx = ctxOf(opened.runtime);
  let reads = 0;
  const read = async (): Promise<number> => (reads += 1);
  await kept.get(ctx, "a", read);
  await expect.poll(() => kept.get(ctx, "a", read), { interval: 5 }).toBeGreaterThan(1);
  for (const key of ["b", "c", "d", "e"]) await kept.get(ctx, key, read);
  expect(kept.size).toBe(3);
});

test("what is forgotten while it is read isn't kept", async () => {
  const kept = alone().caches.of(leaves());
  const ctx = ctxOf(opened.runtime);
  const reading = Promise.withResolvers<string>();
  const old = kept.get(ctx, "a", () => reading.promise);
  kept.drop(ctx, "a");
  const fresh = kept.get(ctx, "a", async () => "new");
  reading.resolve("old");
  expect([await old, await fresh]).toEqual(["old", "new"]);
  expect(await kept.get(ctx, "a", async () => "newer")).toBe("new");
});

test("another process forgets with the transaction, not before; one that is rolled back tells nothing", async () => {
  const [here, there] = [opened.runtime, other].map((runtime) => runtime.caches.of(shared)) as [
    Cache<string, string>,
    Cache<string, string>,
  ];
  let value = "one";
  const read = async (): Promise<string> => value;
  const at = (kept: Cache<string, string>, runtime: Runtime) => kept.get(ctxOf(runtime), "k", read);
  for (let round = 0; round < 200; round += 1) {
    expect(await at(there, other)).toBe(value);
    await ctxOf(opened.runtime).tx(async (ctx) => {
      await here.forget(ctx, "k");
      // Inside, whoever has changed it reads it as it is there.
      expect(await here.get(ctx, "k", async () => "inside")).toBe("inside");
      expect(await at(there, other)).toBe(value);
    });
    value = `round ${round}`;
    await here.forget(ctxOf(opened.runtime), "k");
    expect(await at(here, opened.runtime)).toBe(value);
    await expect.poll(() => at(there, other), { interval: 1, timeout: 1000 }).toBe(value);
  }
  // What was told is heard in its order: once the last is, nothing of before is still to come.
  let marks = 0;
  const mark = () => there.get(ctxOf(other), "mark", async () => String((marks += 1)));
  await mark();
  await here.forget(ctxOf(opened.runtime), "mark");
  await expect.poll(mark, { interval: 1 }).toBe("2");
  expect(await at(there, other)).toBe("round 199");
  value = "unheard";
  const undone = ctxOf(opened.runtime).tx(async (ctx) => {
    await here.forget(ctx, "k");
    throw new Error("no");
  });
  await expect(undone).rejects.toThrow("no");
  expect(await at(there, other)).toBe("round 199");
});
const shared = cache<string, string>("tea.told", { ttlMs: 60_000, max: 100, store: "process" });

describe.skipIf(!hasRedis)("with Redis", () => {
  let redis: TestRedis;
  const stores: SharedStore[] = [];
  const lines: string[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(() => stores.splice(0).forEach((store) => store.close()));
  afterAll(() => redis.kill());

  const known = cache<string, string>("tea.shared", { ttlMs: 60_000, max: 100, store: "shared" });
  async function process(prefix: string) {
    const metrics = new Metrics();
    const log = createLog("info", { write: (line) => lines.push(line) });
    const store = new SharedStore({ url: redis.url, prefix, log, metrics });
    stores.push(store);
    await expect.poll(() => store.isUp).toBe(true);
    const secrets = new Secrets([Buffer.alloc(32, 7).toString("base64")]);
    return { store, kept: new Caches({ metrics, secrets, store }).of(known) };
  }
  const ctx = () => ctxOf(opened.runtime);
  const never = async (): Promise<string> => Promise.reject(new Error("nobody was to read"));

  test("what one process has read another finds, and in Redis it lies sealed", async () => {
    const [a, b] = [await process("one:"), await process("one:")];
    expect(await a.kept.get(ctx(), "k", async () => "osmanthus")).toBe("osmanthus");
    await expect.poll(() => redis.say(`EXISTS "one:cache:tea.shared:${tenantId} k"`)).toBe(":1\r\n");
    expect(await b.kept.get(ctx(), "k", never)).toBe("osmanthus");
    expect(await redis.say(`GET "one:cache:tea.shared:${tenantId} k"`)).not.toContain("osmanthus");
    a.kept.drop(ctx(), "k");
    await expect.poll(() => redis.say(`EXISTS "one:cache:tea.shared:${tenantId} k"`)).toBe(":0\r\n");
    // What was read before it was forgotten, and comes after, isn't kept there either.
    const late = Promise.withResolvers<string>();
    const reading = b.kept.get(ctx(), "m", () => late.promise);
    await expect.poll(() => redis.say(`EXISTS "one:cache:tea.shared:${tenantId} m"`)).toBe(":0\r\n");
    a.kept.drop(ctx(), "m");
    await expect.poll(() => redis.say(`EXISTS "one:cache:tea.shared:${tenantId} m:forgotten"`)).toBe(":1\r\n");
    late.resolve("old");
    expect(await reading).toBe("old");
    expect(await (await process("one:")).kept.get(ctx(), "m", async () => "new")).toBe("new");
  });

  test("emptied, hung, killed and started again: it reads from the database meanwhile, and believes nothing old", async () => {
    const [a, b] = [await process("two:"), await process("two:")];
    let value = "one";
    const read = async (): Promise<string> => value;
    expect(await a.kept.get(ctx(), "k", read)).toBe("one");
    await expect.poll(() => redis.say("DBSIZE")).not.toBe(":0\r\n");
    await redis.say("FLUSHALL");
    expect(await b.kept.get(ctx(), "k", read)).toBe("one");
    await expect.poll(() => redis.say(`EXISTS "two:cache:tea.shared:${tenantId} k"`)).toBe(":1\r\n");

    redis.pause();
    value = "two";
    for (const { kept } of [a, b]) kept.drop(ctx(), "k");
    expect(await a.kept.get(ctx(), "k", read)).toBe("two");
    await expect.poll(() => a.store.isUp).toBe(false);
    for (let n = 0; n < 50; n += 1) expect(await a.kept.get(ctx(), `cold ${n}`, read)).toBe("two");
    redis.resume();
    await expect.poll(() => a.store.isUp).toBe(true);
    // It still has the old value, or would: what was forgotten meanwhile is made up for.
    const fresh = await process("two:");
    await expect.poll(() => redis.say(`EXISTS "two:cache:tea.shared:${tenantId} k:forgotten"`)).toBe(":1\r\n");
    expect(await fresh.kept.get(ctx(), "k", read)).toBe("two");

    await redis.kill();
    value = "three";
    for (const { kept } of [a, b, fresh]) {
      kept.drop(ctx(), "k");
      expect(await kept.get(ctx(), "k", read)).toBe("three");
    }
    await redis.start();
    await expect.poll(() => a.store.isUp).toBe(true);
    expect(await a.kept.get(ctx(), "n", async () => "four")).toBe("four");
    await expect.poll(() => redis.say(`EXISTS "two:cache:tea.shared:${tenantId} n"`)).toBe(":1\r\n");
    const said = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(said).toContain("Redis is away: each process goes on by itself");
    expect(said.filter((line) => line.startsWith("Redis is away")).length).toBeLessThan(10);
  }, 30_000);
});
