import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { readOptions } from "./options.ts";
import { figuresOf, tableOf } from "./report.ts";
import { dueBy, run } from "./run.ts";

const read = (...words: string[]) => readOptions(words, {});
const still = new AbortController().signal;

test.each(["http://127.0.0.1:8780", "http://localhost:80", "http://[::1]:9", "http://127.8.8.8"])(
  "%s is this machine",
  (url) => expect(read("lists", "--url", url).url.href).toContain(new URL(url).host),
);

test.each(["https://shop.example", "http://10.0.0.7:8780", "http://127.0.0.1.example", "http://localhost.example"])(
  "%s isn't, and is refused unless somebody owns it",
  (url) => {
    const host = new URL(url).hostname;
    expect(() => read("lists", "--url", url)).toThrow(`--i-own ${host}`);
    expect(() => read("lists", "--url", url, "--i-own", "other.example")).toThrow(`--i-own ${host}`);
    expect(read("lists", "--url", url, "--i-own", host).url.hostname).toBe(host);
  },
);

test("a stand-in that isn't this machine's is refused just the same", () => {
  expect(() => read("pushes", "--emulator", "http://wechat.example")).toThrow("--i-own wechat.example");
});

test.each([
  ["no scenario", [], "one of sign-in, lists"],
  ["another one", ["flood"], "one of sign-in, lists"],
  ["two", ["lists", "links"], "one of"],
  ["a rate that floods", ["lists", "--rate", "501"], "from 0.1 to 500"],
  ["an hour", ["lists", "--duration", "3600"], "from 1 to 600"],
  ["no number", ["lists", "--rate", "many"], "--rate wants a number"],
  ["too many at once", ["lists", "--at-once", "1000"], "from 1 to 200"],
  ["a ramp that is longer than all", ["lists", "--duration", "5", "--ramp", "6"], "from 0 to 5"],
  ["a threshold of nothing", ["lists", "--threshold", "p42=1"], "p95=<ms>"],
  ["an option that isn't there", ["lists", "--fast"], "--fast"],
  ["no address", ["lists", "--url", "shop"], "wants an address"],
])("%s is refused with what would be right", (_, words, said) => {
  expect(() => readOptions(words, {})).toThrow(said);
});

test("thresholds and the password's place", () => {
  const options = readOptions(["lists", "--threshold", "p95=200", "--threshold", "errors=1%"], { LOAD_PASSWORD: "x" });
  expect(options).toMatchObject({ thresholds: { p95: 200, errors: 0.01 }, password: "x" });
});

test("the rate rises along the ramp and then stays", () => {
  const at = (ms: number) => dueBy(ms, { rate: 100, rampMs: 2_000 });
  expect([0, 1_000, 2_000, 3_000].map(at)).toEqual([0, 25, 100, 200]);
  expect(dueBy(1_000, { rate: 10, rampMs: 0 })).toBe(10);
});

test("it begins what is due, ends by itself, and counts what it may not begin", async () => {
  let [underWay, most] = [0, 0];
  const { samples, skipped, stopped } = await run(
    async () => {
      most = Math.max(most, ++underWay);
      await new Promise((done) => setTimeout(done, 200));
      underWay -= 1;
    },
    { rate: 200, durationMs: 500, rampMs: 0, atOnce: 5, signal: still },
  );
  expect(most).toBe(5);
  expect(samples.length).toBeGreaterThanOrEqual(5);
  expect(samples.length + skipped).toBeLessThanOrEqual(101);
  expect(skipped).toBeGreaterThan(samples.length);
  expect(stopped).toBeUndefined();
});

test("where most fails it stops, long before its time", async () => {
  let calls = 0;
  const failing = async (): Promise<void> => {
    calls += 1;
    throw new Error("cold tea");
  };
  const options = { rate: 400, durationMs: 60_000, rampMs: 0, atOnce: 50, signal: still };
  const outcome = await run(failing, options);
  expect(outcome.stopped).toMatch(/half of the last 50/);
  expect(calls).toBeLessThan(500);
  const figures = figuresOf({ scenario: "lists", target: "http://127.0.0.1" }, outcome, {});
  expect(figures.errors).toEqual({ "cold tea": calls });
  expect(figures.missed).toEqual([expect.stringMatching(/before its time/)]);
});

test("an interrupted run ends at once, and what was under way is told to", async () => {
  const stop = new AbortController();
  const options = { rate: 100, durationMs: 60_000, rampMs: 0, atOnce: 50, signal: stop.signal };
  const work = (signal: AbortSignal): Promise<void> =>
    new Promise((_, fail) => signal.addEventListener("abort", () => fail(new Error("told"))));
  setTimeout(() => stop.abort(new Error("interrupted")), 100);
  const { stopped, samples } = await run(work, options);
  expect(stopped).toBe("interrupted");
  expect(samples.every(({ error }) => error === "told")).toBe(true);
});

test("percentiles are those that were measured, and thresholds hold or are told", () => {
  const samples = Array.from({ length: 100 }, (_, index) => ({ tookMs: index + 1 }));
  const outcome = { samples: [...samples, { tookMs: 5, error: "503 kit.maintenance" }], skipped: 0, tookMs: 10_000 };
  const about = { scenario: "lists", target: "http://127.0.0.1:8780" };
  const figures = figuresOf(about, outcome, { p95: 95, p99: 98, errors: 0.005 });
  expect(figures).toMatchObject({ ok: 100, failed: 1, p50: 50, p95: 95, p99: 99, max: 100, perSecond: 10 });
  expect(figures.missed).toEqual(["p99 is 99 ms, not 98", "1 % failed or weren't begun, not 0.5 %"]);
  expect(tableOf(figures)).toContain("1 × 503 kit.maintenance");
  expect(figuresOf(about, { samples: [], skipped: 0, tookMs: 1 }, { p95: 1 }).missed).toHaveLength(1);
});

test("a host that is not there is one kind of error", async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const work = async (): Promise<void> => void (await fetch(`http://127.0.0.1:${port}`));
  const { samples } = await run(work, { rate: 50, durationMs: 200, rampMs: 0, atOnce: 5, signal: still });
  expect(new Set(samples.map(({ error }) => error))).toEqual(new Set(["ECONNREFUSED"]));
});
