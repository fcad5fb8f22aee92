import { onScopeDispose, ref, shallowRef } from "vue";
import { api } from "../common/api.ts";
import { whenBack } from "../common/reachable.ts";
import { isAbort, type Trouble, troubleOf } from "../common/trouble.ts";
import { type Detail, type Entry, withPage } from "./conversation.ts";

const pageSize = 40;

/** A conversation with both of its sides, newest first: read again in place, and upward page by page. */
export function useThread(conversationId: string) {
  const conversation = shallowRef<Detail>();
  const entries = shallowRef<readonly Entry[]>([]);
  const next = ref<string | null>(null);
  const trouble = shallowRef<Trouble>();
  const isReading = ref(false);
  let abort = new AbortController();
  onScopeDispose(() => abort.abort());

  /** One question at a time: an answer that a newer one overtook is dropped. */
  async function ask(read: (signal: AbortSignal) => Promise<void>): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    isReading.value = true;
    try {
      await read(signal);
      if (!signal.aborted) trouble.value = undefined;
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) trouble.value = troubleOf(error);
    }
    if (!signal.aborted) isReading.value = false;
  }

  const refresh = (): Promise<void> =>
    ask(async (signal) => {
      const [detail, page] = await Promise.all([
        api.messaging.getConversation({ conversationId }, { signal }),
        api.messaging.readThread({ conversationId, limit: pageSize }, { signal }),
      ]);
      if (signal.aborted) return;
      const joined = withPage(entries.value, page.items, page.next === null);
      if (entries.value.length === 0 || joined === undefined || page.next === null) next.value = page.next;
      entries.value = joined ?? page.items;
      conversation.value = detail;
    });
  /** Scrolling asks many times; a look at what is new may come in between, and nothing is lost by asking again. */
  let askedFor: string | null = null;
  async function more(): Promise<void> {
    const cursor = next.value;
    if (cursor === null || askedFor === cursor) return;
    askedFor = cursor;
    await ask(async (signal) => {
      const page = await api.messaging.readThread({ conversationId, cursor, limit: pageSize }, { signal });
      if (signal.aborted) return;
      entries.value = [...entries.value, ...page.items];
      next.value = page.next;
    });
    askedFor = null;
  }

  whenBack(() => trouble.value !== undefined && refresh());
  void refresh();
  return { conversation, entries, next, trouble, isReading, refresh, more };
}
