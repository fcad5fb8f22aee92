import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { handOver, type Outcome, previewBulk, runBulk } from "./run-bulk.ts";

type Input = Readonly<Record<string, unknown>>;
interface Sent {
  readonly input: Input;
  readonly key: string | undefined;
}
const sent: Sent[] = [];
const step = { done: 0, passed: {}, gone: 0, failed: [], isMore: false, next: null };
/** What the server answers, in turn. */
let answers: (() => object)[] = [];
const call = ((input: Input, options?: { idempotencyKey: string }) => {
  sent.push({ input, key: options?.idempotencyKey });
  const answer = answers.shift() ?? (() => ({ ...step, done: 1 }));
  return Promise.resolve().then(answer);
}) as never;
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `id-${n}`);
const refused = (code: string) => () => {
  throw new ApiProblem({ type: "", title: "", status: 409, detail: "", code, traceId: "" });
};
const lost = () => {
  throw new TypeError("nobody answered");
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  sent.length = 0;
  answers = [];
  vi.useRealTimers();
});

async function run(named: readonly string[], stopAfter = 99): Promise<Outcome[]> {
  const [outcomes, stopping]: [Outcome[], AbortController] = [[], new AbortController()];
  const running = runBulk(
    call,
    named,
    { name: "tea" },
    {
      stops: stopping.signal,
      onStep: (outcome) => {
        outcomes.push(outcome);
        if (outcomes.length === stopAfter) stopping.abort();
      },
    },
  );
  await Promise.all([running, vi.runAllTimersAsync()]);
  return outcomes;
}

test("many rows go in steps, each under a key of its own, and the outcomes add up", async () => {
  answers = [
    () => ({ ...step, done: 190, passed: { tagged: 9 }, gone: 1 }),
    () => ({ ...step, done: 199, passed: { tagged: 1 } }),
  ];
  const outcomes = await run(ids(450));
  expect(sent.map(({ input }) => (input["ids"] as string[]).length)).toEqual([200, 200, 50]);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
  expect(outcomes.at(-1)).toEqual({ done: 390, passed: { tagged: 10 }, gone: 1, failed: [] });
});

test("all that match are handed over once, without the order that they are shown in", async () => {
  answers = [lost, () => ({ ...step, run: "run" })];
  const chosen = { query: { search: "tea", sort: "-name" }, except: ["x"] };
  await Promise.all([handOver(call, chosen, { name: "tea" }), vi.runAllTimersAsync()]);
  const all = { name: "tea", search: "tea", all: true, except: ["x"], handOver: true };
  expect(sent.map(({ input }) => input)).toEqual([all, all]);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
});

test("a step whose answer was lost is asked for under its key; one that broke off under a new one", async () => {
  answers = [lost, refused("kit.idempotency_in_progress"), refused("kit.idempotency_unknown")];
  await run(ids(1));
  const keys = sent.map(({ key }) => key);
  expect(keys).toHaveLength(4);
  expect(new Set(keys.slice(0, 3)).size).toBe(1);
  expect(keys[3]).not.toBe(keys[0]);
});

test("what is refused, and what stays lost, ends it; what was done by then has been told", async () => {
  answers = [() => ({ ...step, done: 200 }), refused("kit.forbidden")];
  await expect(run(ids(300))).rejects.toMatchObject({ code: "kit.forbidden" });
  expect(sent).toHaveLength(2);
  answers = [lost, lost, lost, lost, lost];
  await expect(run(ids(1))).rejects.toThrow("nobody answered");
  expect(sent).toHaveLength(6);
});

test("whoever stops it keeps what is done, and no further step begins", async () => {
  answers = [() => ({ ...step, done: 200 })];
  const outcomes = await run(ids(450), 1);
  expect([outcomes.length, sent.length]).toEqual([1, 1]);
});

test("a preview is about all rows that were chosen", async () => {
  answers = [() => ({ ...step, done: 200 }), () => ({ ...step, done: 49, gone: 1 })];
  expect(await previewBulk(call, { ids: ids(250) }, { name: "tea" })).toMatchObject({
    done: 249,
    gone: 1,
    isMore: false,
  });
  expect(sent.every(({ input }) => input["preview"] === true)).toBe(true);
});
