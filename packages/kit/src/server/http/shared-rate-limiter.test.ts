import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { hasRedis, startRedis, type TestRedis } from "../../testing/redis.ts";
import { createLog } from "../log.ts";
import { Metrics } from "../metrics.ts";
import { SharedStore } from "../redis-store.ts";
import { InProcessRateLimiter } from "./rate-limiter.ts";
import { SharedRateLimiter } from "./shared-rate-limiter.ts";

const start = 1_900_000_000_000;

describe.skipIf(!hasRedis)("limits that several processes share", () => {
  let redis: TestRedis;
  let stores: SharedStore[];
  let limiters: SharedRateLimiter[];
  beforeAll(async () => {
    redis = await startRedis();
    const options = { url: redis.url, prefix: "test:", log: createLog("silent") };
    stores = [1, 2].map(() => new SharedStore({ ...options, metrics: new Metrics() }));
    limiters = stores.map((store) => new SharedRateLimiter(store));
    await vi.waitUntil(() => stores.every(({ isUp }) => isUp), { timeout: 60_000 });
  });
  afterAll(async () => {
    for (const store of stores) store.close();
    await redis.kill();
  });

  const passed = async (key: string, calls: number, atMs = start): Promise<number> => {
    const asked = Array.from({ length: calls }, (_, n) => limiters[n % 2]!.take(key, 10, new Date(atMs)));
    return (await Promise.all(asked)).filter((waitMs) => waitMs === 0).length;
  };

  test("two processes let through together what one would, at once and over time", async () => {
    const alone = new InProcessRateLimiter();
    const pauses = Array.from({ length: 400 }, (_, n) => (n * 7919) % 9000);
    let now = start;
    for (const [n, pauseMs] of pauses.entries()) {
      now += pauseMs;
      const own = await alone.take("same", 10, new Date(now));
      const waitMs = await limiters[n % 2]!.take("same", 10, new Date(now));
      expect(Math.abs(waitMs - own)).toBeLessThan(1);
    }
    for (let round = 0; round < 50; round += 1) expect(await passed(`round ${round}`, 40)).toBe(10);
  });

  test("emptied, hung or gone, each goes on by what it has counted itself, and nobody is refused for it", async () => {
    expect(await passed("flushed", 40)).toBe(10);
    await redis.say("FLUSHALL");
    // Each remembers its own: together at most as much again.
    expect(await passed("flushed", 40)).toBeLessThanOrEqual(10);
    redis.pause();
    expect(await passed("hung", 40)).toBe(20);
    expect(stores.every(({ isUp }) => !isUp)).toBe(true);
    redis.resume();
    await vi.waitUntil(() => stores.every(({ isUp }) => isUp), { timeout: 60_000 });
    await redis.kill();
    expect(await passed("gone", 40)).toBe(20);
    expect(await passed("gone", 40, start + 60_000)).toBe(20);
    await redis.start();
    await vi.waitUntil(() => stores.every(({ isUp }) => isUp), { timeout: 60_000 });
    expect(await passed("back", 40)).toBe(10);
  }, 30_000);
});
