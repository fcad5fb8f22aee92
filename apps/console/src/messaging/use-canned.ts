import { onScopeDispose, ref, type Ref, shallowRef, watch } from "vue";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { api } from "../common/api.ts";

interface Offer {
  readonly id: string;
  readonly shortcut: string;
  readonly text: string;
  /** Why it can't be filled in for this customer. */
  readonly trouble: LocalizedText | null;
}

/**
 * Canned answers: a text that begins with `/` asks for them, as it is typed. Arrows go through what is offered,
 * Enter or Tab takes one, Escape puts them away.
 */
export function useCanned(conversationId: string, text: Ref<string>, isOff: () => boolean) {
  const offered = shallowRef<readonly Offer[]>();
  const at = ref(0);
  /** The one that the text was made of. */
  const cannedId = ref<string>();
  let abort = new AbortController();
  let isAway = false;
  onScopeDispose(() => abort.abort());

  watch(text, async (now) => {
    abort.abort();
    if (now === "") cannedId.value = undefined;
    if (!now.startsWith("/") || now.includes("\n") || isOff()) {
      offered.value = undefined;
      isAway = false;
      return;
    }
    if (isAway) return;
    abort = new AbortController();
    const { signal } = abort;
    const search = now.slice(1, 61);
    const found = await api.messaging.fillCanned({ conversationId, search }, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    offered.value = found?.items;
    at.value = 0;
  });

  function choose({ id, text: filled, trouble }: Offer): void {
    if (trouble !== null) return;
    offered.value = undefined;
    text.value = filled;
    cannedId.value = id;
  }
  /** A customer never gets the word that only looks an answer up, however late or empty what was found is. */
  const isLookedUp = (): boolean =>
    !isAway && !isOff() && text.value.startsWith("/") && !text.value.includes("\n") && cannedId.value === undefined;

  /** Whether the key was meant for what is offered. */
  function onCannedKey(event: KeyboardEvent): boolean {
    const all = offered.value;
    if (event.isComposing) return false;
    if (event.key === "Enter" && !event.shiftKey && isLookedUp() && !all?.[at.value]) {
      event.preventDefault();
      return true;
    }
    if (all === undefined) return false;
    const chosen = all[at.value];
    if (event.key === "Escape") {
      isAway = true;
      offered.value = undefined;
    } else if (event.key === "ArrowDown") at.value = Math.min(at.value + 1, all.length - 1);
    else if (event.key === "ArrowUp") at.value = Math.max(at.value - 1, 0);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen !== undefined) choose(chosen);
    else return false;
    event.preventDefault();
    return true;
  }
  return { offered, at, cannedId, choose, onCannedKey };
}
