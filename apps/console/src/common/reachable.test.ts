import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isReachable, notedFetch } from "./reachable.ts";

const answers = vi.fn<typeof fetch>();
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", answers);
  isReachable.value = true;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  answers.mockReset();
});

test("a call that reaches nobody is noted, and the server is asked until it answers", async () => {
  answers.mockRejectedValueOnce(new TypeError("failed to fetch"));
  await expect(notedFetch("/api/me")).rejects.toThrow(TypeError);
  expect(isReachable.value).toBe(false);
  answers.mockRejectedValueOnce(new TypeError("failed to fetch"));
  await vi.advanceTimersByTimeAsync(3000);
  expect(isReachable.value).toBe(false);
  answers.mockResolvedValueOnce(new Response());
  await vi.advanceTimersByTimeAsync(3000);
  expect(isReachable.value).toBe(true);
  expect(answers.mock.calls.map(([address]) => address)).toEqual(["/api/me", "/health/live", "/health/live"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(answers).toHaveBeenCalledTimes(3);
});

test("a refusal is an answer, and a call that was given up says nothing", async () => {
  answers.mockResolvedValueOnce(new Response(null, { status: 500 }));
  await notedFetch("/api/me");
  expect(isReachable.value).toBe(true);
  answers.mockRejectedValueOnce(new DOMException("given up", "AbortError"));
  await expect(notedFetch("/api/me")).rejects.toThrow(DOMException);
  expect(isReachable.value).toBe(true);
});
