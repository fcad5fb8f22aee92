import { onScopeDispose, watch } from "vue";

/** Often enough to feel live, seldom enough to be no load. */
const everyMs = 2000;
/** What has not moved after this many looks won't move while somebody waits. */
const looks = 60;

/** Reloads while `isUnderWay` says that something is about to change, and the page is seen. */
export function useWatching(isUnderWay: () => boolean, reload: () => Promise<void>): void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = (): void => clearInterval(timer);
  watch(isUnderWay, (now) => {
    stop();
    if (!now) return;
    let left = looks;
    timer = setInterval(() => {
      if (document.visibilityState === "hidden") return;
      left -= 1;
      if (left <= 0) stop();
      void reload();
    }, everyMs);
  });
  onScopeDispose(stop);
}
