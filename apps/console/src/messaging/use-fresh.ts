import { onScopeDispose } from "vue";

/** Often enough for a talk. */
const everyMs = 5_000;
/** After so many looks without a hand on the page nobody is reading: an idle page costs nothing. */
const looks = 120;
const signsOfLife = ["pointerdown", "keydown", "visibilitychange"] as const;

/** Looks again and again while somebody is at the page, and at once when they come back to it. */
export function useFresh(refresh: () => Promise<void>): void {
  let left = looks;
  const timer = setInterval(() => {
    if (document.visibilityState === "hidden" || left <= 0) return;
    left -= 1;
    void refresh();
  }, everyMs);
  const stir = (event: Event): void => {
    const wasIdle = left <= 0 || event.type === "visibilitychange";
    left = looks;
    if (wasIdle && document.visibilityState === "visible") void refresh();
  };
  for (const sign of signsOfLife) document.addEventListener(sign, stir);
  onScopeDispose(() => {
    clearInterval(timer);
    for (const sign of signsOfLife) document.removeEventListener(sign, stir);
  });
}
