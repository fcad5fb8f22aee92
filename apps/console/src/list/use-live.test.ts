import type { LiveEvent } from "@zhanggui/kit/contract/client";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp, defineComponent, type App } from "vue";
import { useLive } from "./use-live.ts";

/** One stream that was opened: what it tells, and how it ends. */
interface Stream {
  readonly signal: AbortSignal;
  /** It is listened to; nothing had happened for so long. */
  readonly listening: (quietMs: number) => void;
  readonly tell: () => void;
  readonly end: (error?: Error) => void;
}
const streams: Stream[] = [];
let looks = 0;
let app: App;

function listen(signal: AbortSignal): AsyncIterable<LiveEvent> {
  const waiting: PromiseWithResolvers<IteratorResult<LiveEvent>>[] = [];
  const ready: Promise<IteratorResult<LiveEvent>>[] = [];
  const give = (made: Promise<IteratorResult<LiveEvent>>): void => {
    const next = waiting.shift();
    if (next === undefined) ready.push(made);
    else made.then(next.resolve, next.reject);
  };
  const end = (error?: Error): void => {
    const made =
      error === undefined ? Promise.resolve({ done: true, value: undefined } as const) : Promise.reject(error);
    made.catch(() => {});
    give(made);
  };
  signal.addEventListener("abort", () => end(new DOMException("", "AbortError")));
  const say = (value: LiveEvent): void => give(Promise.resolve({ done: false, value }));
  const listening = (quietMs: number): void => say({ event: "listening", data: { quietMs } });
  streams.push({ signal, listening, tell: () => say({ event: "changed" }), end });
  const next = (): Promise<IteratorResult<LiveEvent>> => {
    const known = ready.shift();
    if (known !== undefined) return known;
    const wanted = Promise.withResolvers<IteratorResult<LiveEvent>>();
    waiting.push(wanted);
    return wanted.promise;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}
/** What is offered where it ended. */
const ended: { readonly run: () => void }[] = [];
vi.mock("../common/show-done.ts", () => ({
  showEnded: (_: string, offer: { readonly run: () => void }) => ended.push(offer),
}));
const last = (): Stream => streams.at(-1) as Stream;
const settle = () => vi.advanceTimersByTimeAsync(0);
function show(state: "visible" | "hidden"): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(async () => {
  vi.useFakeTimers();
  streams.length = 0;
  ended.length = 0;
  looks = 0;
  app = createApp(
    defineComponent({
      setup() {
        useLive(listen, () => Promise.resolve(void (looks += 1)));
        return () => null;
      },
    }),
  );
  app.mount(document.createElement("div"));
  await settle();
});
afterEach(() => {
  app.unmount();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a list that nothing happens to asks for nothing", async () => {
  last().listening(600_000);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect([streams.length, looks]).toEqual([1, 0]);
});

test("what happened before a late stream began is looked at, once; what was there when the list was asked for isn't", async () => {
  await vi.advanceTimersByTimeAsync(5_000);
  last().listening(4_000);
  await settle();
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(looks).toBe(1);
});

test("a stream that begins late after nothing has happened asks for nothing", async () => {
  await vi.advanceTimersByTimeAsync(5_000);
  last().listening(5_001);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(looks).toBe(0);
});

test("what happens after a break between the look and the new stream is looked at, too", async () => {
  last().end();
  while (streams.length === 1) await vi.advanceTimersByTimeAsync(100);
  await settle();
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(3_000);
  last().listening(1_000);
  await settle();
  expect(looks).toBe(2);
});

test("a change is looked at at once; however many follow, the next look is a moment later", async () => {
  last().tell();
  await settle();
  expect(looks).toBe(1);
  for (let n = 0; n < 3; n++) last().tell();
  await settle();
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(looks).toBe(2);
});

test("a page in the background listens to nothing, and looks once when it is seen again", async () => {
  show("hidden");
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(last().signal.aborted).toBe(true);
  expect([streams.length, looks]).toEqual([1, 0]);
  show("visible");
  await settle();
  expect([streams.length, looks]).toEqual([2, 1]);
});

test("a stream that ends is opened again, later each time, and what was missed is looked at", async () => {
  const opened: number[] = [];
  for (let n = 0; n < 4; n++) {
    last().end();
    const before = Date.now();
    const count = streams.length;
    while (streams.length === count) await vi.advanceTimersByTimeAsync(100);
    opened.push(Date.now() - before);
    await settle();
  }
  expect(opened[3]).toBeGreaterThan((opened[0] ?? 0) * 2);
  expect(looks).toBe(4);
});

test("who may not listen isn't asked again", async () => {
  last().end(new ApiProblem({ type: "", title: "", status: 403, detail: "", code: "kit.forbidden", traceId: "" }));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(streams).toHaveLength(1);
});

test("that it has ended is said, and whoever wants to goes on", async () => {
  last().end(new ApiProblem({ type: "", title: "", status: 403, detail: "", code: "kit.forbidden", traceId: "" }));
  await expect.poll(() => ended).toHaveLength(1);
  ended[0]?.run();
  await settle();
  expect([streams.length, looks]).toEqual([2, 1]);
});

test("a page that is left stops listening", async () => {
  app.unmount();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(last().signal.aborted).toBe(true);
  expect(streams).toHaveLength(1);
});
