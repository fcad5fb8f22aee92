import { ref, watch } from "vue";
import { noteClosed } from "./maintenance.ts";
import { noteTerms } from "./terms.ts";

/** Whether the server could be reached when it was last asked. */
export const isReachable = ref(true);

/** Calls `then` whenever the server can be reached again, as long as the component lives. */
export function whenBack(then: () => unknown): void {
  watch(isReachable, (isBack) => isBack && void then());
}

/** How long to wait before the server is asked again whether it is there. */
const retryMs = 3000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Like `fetch`, and notes whether anybody answered: a call that was given up says nothing about it. */
export const notedFetch: typeof fetch = async (...given) => {
  try {
    const response = await fetch(...given);
    isReachable.value = true;
    void noteClosed(response);
    void noteTerms(response);
    return response;
  } catch (error) {
    if (error instanceof TypeError) lost();
    throw error;
  }
};

/** Asks until somebody answers; a page that nobody looks at waits. */
function lost(): void {
  isReachable.value = false;
  clearTimeout(timer);
  timer = setTimeout(ask, retryMs);
}
function ask(): void {
  if (document.hidden) return lost();
  fetch("/health/live", { cache: "no-store" }).then(
    () => (isReachable.value = true),
    () => lost(),
  );
}
addEventListener("offline", lost);
addEventListener("online", ask);
