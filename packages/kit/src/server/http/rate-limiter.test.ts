import fc from "fast-check";
import { expect, test } from "vitest";
import { InProcessRateLimiter, networkOf } from "./rate-limiter.ts";

const start = 1_900_000_000_000;

test("whatever the pace of the calls, no minute lets through more than twice its limit, and the pace holds in the long run", async () => {
  const pauses = fc.array(fc.nat({ max: 5000 }), { minLength: 50, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), pauses, async (perMinute, list) => {
      const limiter = new InProcessRateLimiter();
      let now = start;
      const passed: number[] = [];
      for (const pause of list) {
        now += pause;
        if ((await limiter.take("a", perMinute, new Date(now))) === 0) passed.push(now);
      }
      for (const [index, at] of passed.entries()) {
        const within = passed.slice(index).filter((each) => each < at + 60_000).length;
        expect(within).toBeLessThanOrEqual(2 * perMinute);
      }
      const minutes = (now - start) / 60_000;
      expect(passed.length).toBeLessThanOrEqual(perMinute * (1 + minutes) + 1);
    }),
  );
});

test("whoever waits as long as was said gets through", async () => {
  const limiter = new InProcessRateLimiter();
  const at = (ms: number) => limiter.take("a", 3, new Date(start + ms));
  expect([await at(0), await at(0), await at(0)]).toEqual([0, 0, 0]);
  const waitMs = await at(0);
  expect(waitMs).toBe(20_000);
  expect(await at(waitMs - 1)).toBeGreaterThan(0);
  expect(await at(waitMs)).toBe(0);
});

test("one key doesn't count on another's", async () => {
  const limiter = new InProcessRateLimiter();
  for (let n = 0; n < 1000; n++) expect(await limiter.take(`key ${n}`, 1, new Date(start))).toBe(0);
  expect(await limiter.take("key 7", 1, new Date(start))).toBeGreaterThan(0);
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "::ffff:203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
])("%s counts as %s: a /64 is one caller", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
