import { type Ref, watch } from "vue";
import { api } from "../common/api.ts";

/** It shows for 15 seconds on the phone: so often it is said again while somebody goes on. */
const everyMs = 12_000;

/** Says to the customer's phone that somebody is writing. */
export function useTyping(conversationId: string, text: Ref<string>, isOn: () => boolean): void {
  let saidAt = -Infinity;
  watch(text, (now, before) => {
    if (now.length <= before.length || now.startsWith("/") || !isOn()) return;
    if (Date.now() - saidAt < everyMs) return;
    saidAt = Date.now();
    // Whatever becomes of it, nobody waits for it.
    void api.messaging.showTyping({ conversationId }).catch(() => {});
  });
}
