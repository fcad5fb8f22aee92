import type { LiveEvent } from "@zhanggui/kit/contract/client";
import { expect, test, vi } from "vitest";
import { sharedLive } from "./shared-live.ts";

/** A list whose streams are told by hand. */
function liveList() {
  const open = new Set<{ listening: (quietMs: number) => void; tell: () => void; fail: (error: Error) => void }>();
  let begun = 0;
  const live = (_input: object, { signal }: { readonly signal: AbortSignal }): AsyncIterable<LiveEvent> => ({
    [Symbol.asyncIterator]: () => {
      begun += 1;
      let next = Promise.withResolvers<IteratorResult<LiveEvent>>();
      const say = (value: LiveEvent): void => {
        const told = next;
        next = Promise.withResolvers();
        told.resolve({ done: false, value });
      };
      const own = {
        listening: (quietMs: number) => say({ event: "listening", data: { quietMs } }),
        tell: () => say({ event: "changed" }),
        fail: (error: Error) => next.reject(error),
      };
      open.add(own);
      signal.addEventListener("abort", () => {
        open.delete(own);
        next.resolve({ done: true, value: undefined });
      });
      return { next: () => next.promise };
    },
  });
  return { list: { live }, open, begun: () => begun };
}

function listener(follow: (signal: AbortSignal) => AsyncIterable<LiveEvent>) {
  const stop = new AbortController();
  const seen = { count: 0, quietMs: [] as number[], ended: undefined as unknown };
  const done = (async () => {
    try {
      for await (const event of follow(stop.signal)) {
        if (event.event === "listening") seen.quietMs.push(event.data.quietMs);
        else seen.count += 1;
      }
      seen.ended = "ended";
    } catch (error) {
      seen.ended = error;
    }
  })();
  return { seen, done, stop };
}

test("however many follow a list, it is one stream, which ends with the last of them", async () => {
  const { list, open, begun } = liveList();
  const all = Array.from({ length: 5 }, () => listener(sharedLive(list)));
  await expect.poll(() => open.size).toBe(1);
  for (const each of open) each.tell();
  await expect.poll(() => all.map(({ seen }) => seen.count)).toEqual([1, 1, 1, 1, 1]);
  for (const { stop } of all.slice(1)) stop.abort();
  await Promise.all(all.slice(1).map(({ done }) => done));
  for (const each of open) each.tell();
  await expect.poll(() => all.map(({ seen }) => seen.count)).toEqual([2, 1, 1, 1, 1]);
  all[0]!.stop.abort();
  await all[0]!.done;
  expect([open.size, begun()]).toEqual([0, 1]);
});

test("one that breaks is told to all, and whoever comes again begins a new one", async () => {
  const { list, open, begun } = liveList();
  const [a, b] = [listener(sharedLive(list)), listener(sharedLive(list))];
  await expect.poll(() => open.size).toBe(1);
  const broken = new TypeError("network error");
  for (const each of open) each.fail(broken);
  await Promise.all([a.done, b.done]);
  expect([a.seen.ended, b.seen.ended]).toEqual([broken, broken]);
  const again = listener(sharedLive(list));
  await expect.poll(() => begun()).toBe(2);
  again.stop.abort();
  await again.done;
});

test("whoever joins learns when something happened last, as those do who began", async () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(0);
  const { list, open } = liveList();
  const listeners = [listener(sharedLive(list)), listener(sharedLive(list))];
  const join = (at: number) => {
    clock.mockReturnValue(at);
    listeners.push(listener(sharedLive(list)));
  };
  const told = (...quietMs: number[][]) =>
    expect.poll(() => listeners.map(({ seen }) => seen.quietMs)).toEqual(quietMs);
  await expect.poll(() => open.size).toBe(1);
  for (const each of open) each.listening(60_000);
  await told([60_000], [60_000]);
  join(5_000);
  await told([60_000], [60_000], [65_000]);
  for (const each of open) each.tell();
  await expect.poll(() => listeners.map(({ seen }) => seen.count)).toEqual([1, 1, 1]);
  join(5_300);
  await told([60_000], [60_000], [65_000], [300]);
  for (const { stop } of listeners) stop.abort();
  await Promise.all(listeners.map(({ done }) => done));
  clock.mockRestore();
});
