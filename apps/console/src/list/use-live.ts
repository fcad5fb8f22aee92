import type { LiveEvent } from "@zhanggui/kit/contract/client";
import { ApiProblem } from "@zhanggui/kit/contract/problem";
import { onBeforeUnmount, onMounted } from "vue";
import { i18n } from "../common/language.ts";
import { whenBack } from "../common/reachable.ts";

/** However much happens, the list is asked for again so often at most. */
const quietMs = 2_000;
/** After a break the server is asked again in this time, then after twice as long, and so on. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** For good, as far as one knows. A session that is over is told by the login. */
function isRefused(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status < 500 && error.problem.status !== 429;
}

/** Whether nothing has happened since what is shown was asked for. */
function isSeen(event: LiveEvent, seenAt: number): boolean {
  return event.event === "listening" && Date.now() - event.data.quietMs < seenAt;
}

/**
 * Follows what happens to a list, as long as its page is open and seen: a page in the background listens to nothing.
 * Whoever comes back, or was cut off, looks once, for nobody told them what happened meanwhile; and so does whoever
 * asked for the list before something happened that the stream began too late for.
 *
 * @param listen the stream that tells of changes
 * @param look asks for the list again; nothing moves under the reader's eyes
 * @param askedAt since when changes may be missed, if that was before this is called: when the list was asked for
 */
export function useLive(
  listen: (signal: AbortSignal) => AsyncIterable<LiveEvent>,
  look: (signal: AbortSignal) => Promise<void>,
  askedAt: number = Date.now(),
): void {
  let stop = new AbortController();
  let wake = (): void => {};
  let hasMissed = false;
  /** What is shown is no older, in epoch milliseconds. */
  let seenAt = askedAt;

  async function lookNow(signal: AbortSignal): Promise<void> {
    const now = Date.now();
    await look(signal);
    seenAt = now;
  }
  async function follow(signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      try {
        const stream = listen(signal);
        if (hasMissed) await lookNow(signal);
        hasMissed = true;
        for await (const event of stream) {
          pauseMs = firstPauseMs;
          if (isSeen(event, seenAt)) continue;
          await lookNow(signal);
          await pause(quietMs, signal);
        }
      } catch (error) {
        if (isRefused(error)) return void tellEnded();
      }
      // Not all at once after a server has come back.
      await pause(pauseMs * (0.5 + Math.random()), signal);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }
  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(end, ms);
      function end(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      }
      signal.addEventListener("abort", end);
      wake = end;
    });
  }
  /** Nobody goes on asking for what was refused, but somebody may: rights come back. */
  async function tellEnded(): Promise<void> {
    const { showEnded } = await import("../common/show-done.ts");
    const { t } = i18n.global;
    if (!stop.signal.aborted) showEnded(t("shared.live.ended"), { label: t("shared.live.resume"), run: follows });
  }
  function follows(): void {
    stop.abort();
    stop = new AbortController();
    if (document.visibilityState !== "hidden") void follow(stop.signal);
  }
  onMounted(() => {
    document.addEventListener("visibilitychange", follows);
    follows();
  });
  onBeforeUnmount(() => {
    document.removeEventListener("visibilitychange", follows);
    stop.abort();
  });
  whenBack(() => wake());
}
