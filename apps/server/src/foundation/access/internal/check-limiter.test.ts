import { expect, test } from "vitest";
import { CheckLimiter } from "./check-limiter.ts";

/** Begins `count` checks, each of its own login, that are done when `finish` is called. */
function begin(limiter: CheckLimiter, source: string, count: number) {
  const done = Promise.withResolvers<void>();
  const results = Array.from({ length: count }, (_, n) =>
    limiter.run({ login: `${source}-${n}`, source }, () => done.promise),
  );
  return { results: Promise.allSettled(results), finish: () => done.resolve() };
}

const refused = (results: readonly PromiseSettledResult<void>[]): number =>
  results.filter(({ status }) => status === "rejected").length;

test("one address fills its own part of the queue, and others still get in", async () => {
  const limiter = new CheckLimiter();
  const flood = begin(limiter, "203.0.113.1", 1000);
  const other = begin(limiter, "203.0.113.2", 5);
  await expect(limiter.run({ login: "late", source: "203.0.113.1" }, async () => {})).rejects.toMatchObject({
    definition: { code: "kit.too_many_requests" },
  });
  flood.finish();
  other.finish();
  expect(refused(await flood.results)).toBe(960);
  expect(refused(await other.results)).toBe(0);
  // What is done is counted no more.
  await limiter.run({ login: "late", source: "203.0.113.1" }, async () => {});
});

test("many addresses together wait no longer than the queue is", async () => {
  const limiter = new CheckLimiter();
  const floods = Array.from({ length: 10 }, (_, n) => begin(limiter, `203.0.113.${n}`, 40));
  for (const { finish } of floods) finish();
  const results = (await Promise.all(floods.map(({ results }) => results))).flat();
  expect(refused(results)).toBe(200);
});
