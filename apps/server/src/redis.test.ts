import { newId } from "@zhanggui/kit/contract/ids";
import { hasRedis, startRedis, type TestRedis } from "@zhanggui/kit/testing/redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { AudienceService } from "./engines/audience/audience.service.ts";
import { reuseMinutes } from "./foundation/links/links.settings.ts";
import { SettingsService } from "./foundation/settings/settings.service.ts";
import { type Member, openTestServer, type TestServer } from "./testing/test-server.ts";
import { patient } from "../../../tests/setup/patience.ts";

/** Sooner than whoever was told nothing looks by itself. */
const promptly = { timeout: patient(3_000), interval: 10 };

describe.skipIf(!hasRedis)("two servers that share a Redis", () => {
  let redis: TestRedis;
  let servers: [TestServer, TestServer];
  let owner: Member;
  const personId = newId(new Date());

  beforeAll(async () => {
    redis = await startRedis();
    const env = { REDIS_URL: redis.url };
    const first = await openTestServer(inject("clusterUrl"), { env });
    servers = [first, await openTestServer(inject("clusterUrl"), { env, databaseUrl: first.databaseUrl })];
    owner = await first.asPlatformOwner();
    const seen = { id: personId, displayName: "小满", firstSeenAt: new Date(), lastSeenAt: new Date() };
    await first.runtime.ctx(owner.tenantId).db.insertInto("audience_person").values(seen).execute();
  });
  afterAll(async () => {
    for (const server of servers.toReversed()) await server.close();
    await redis.kill();
  });

  const isUp = (): boolean => servers.every(({ runtime }) => runtime.shared?.isUp === true);
  const ask = async (calls: number, address: string): Promise<readonly number[]> => {
    const headers = { "x-forwarded-for": address };
    const asked = Array.from({ length: calls }, (_, n) => fetch(`${servers[n % 2]!.url}/api/maintenance`, { headers }));
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  /** How many get through, of 240 that are sent to both in turn; time goes on meanwhile, and each minute brings 120. */
  const passed = async (address: string): Promise<number> => {
    const statuses = await ask(240, address);
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    return statuses.filter((status) => status === 200).length;
  };
  const ofBoth = (count: number): void => {
    expect(count).toBeGreaterThanOrEqual(120);
    expect(count).toBeLessThan(200);
  };
  const nameAt = async ({ app, runtime }: TestServer): Promise<string | undefined> =>
    (await app.get(AudienceService).names(runtime.ctx(owner.tenantId), [personId])).get(personId);
  const rename = (displayName: string) => owner.api.audience.updatePerson({ personId, displayName });

  test("a limit is of both together; without Redis each goes on by itself, and nobody gets an error", async () => {
    await expect.poll(isUp).toBe(true);
    ofBoth(await passed("203.0.113.1"));
    await redis.say("FLUSHALL");
    ofBoth(await passed("203.0.113.2"));
    await redis.kill();
    expect(await passed("203.0.113.3")).toBe(240);
    await redis.start();
    await expect.poll(isUp).toBe(true);
    ofBoth(await passed("203.0.113.4"));
  });

  test("a name is read once and changed everywhere, whatever becomes of Redis in between", async () => {
    const steps: readonly (() => Promise<unknown> | void)[] = [
      () => {},
      () => redis.say("FLUSHALL"),
      () => redis.pause(),
      () => redis.resume(),
      () => redis.kill(),
      () => redis.start(),
    ];
    for (const [round, step] of [...steps, ...steps, ...steps].entries()) {
      await step();
      const name = `小满 ${round}`;
      await rename(name);
      // Whoever has renamed reads it at once, and everybody else promptly.
      expect(await nameAt(servers[0])).toBe(name);
      await expect.poll(() => nameAt(servers[1]), promptly).toBe(name);
    }
  });

  test("operations say how it is, and the metrics what was asked of the caches", async () => {
    await expect.poll(isUp).toBe(true);
    const stateOf = async () => {
      const { items } = await owner.api.operations.checkDependencies({});
      return items.find(({ name }) => name === "operations.redis");
    };
    expect(await stateOf()).toMatchObject({ state: "well", place: new URL(redis.url).host });
    const settings = servers[0].app.get(SettingsService);
    for (let n = 0; n < 2; n += 1) await settings.get(servers[0].runtime.ctx(owner.tenantId), reuseMinutes);
    const metrics = await (await fetch(`${servers[0].url}/metrics`)).text();
    expect(metrics).toMatch(/^zg_redis_up 1$/m);
    expect(metrics).toMatch(/^zg_cache_requests_total\{cache="audience.names",outcome="miss"\} [1-9]/m);
    expect(metrics).toMatch(/^zg_cache_requests_total\{cache="settings.values",outcome="hit"\} [1-9]/m);
    await redis.kill();
    await expect.poll(async () => (await stateOf())?.state).toBe("unwell");
  });
});
