import { onScopeDispose, ref, type Ref, shallowRef } from "vue";
import { whenBack } from "./reachable.ts";
import { isAbort, type Trouble, troubleOf } from "./trouble.ts";

export interface Loaded<Data> {
  readonly data: Ref<Data | undefined>;
  readonly trouble: Ref<Trouble | undefined>;
  readonly isLoading: Ref<boolean>;
  /** Asks again; what is shown stays until the answer comes. */
  readonly reload: () => Promise<void>;
}

/** Loads one thing at once; an answer that was overtaken by a newer question is dropped. */
export function useLoaded<Data>(load: (signal: AbortSignal) => Promise<Data>): Loaded<Data> {
  const data = shallowRef<Data>();
  const trouble = shallowRef<Trouble>();
  const isLoading = ref(true);
  let abort = new AbortController();
  onScopeDispose(() => abort.abort());

  async function reload(): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    isLoading.value = true;
    try {
      const answer = await load(signal);
      if (signal.aborted) return;
      data.value = answer;
      trouble.value = undefined;
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      trouble.value = troubleOf(error);
    }
    isLoading.value = false;
  }

  whenBack(() => trouble.value !== undefined && reload());
  void reload();
  return { data, trouble, isLoading, reload };
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
  readonly total?: number;
}

export interface Listed<Item> {
  readonly items: Ref<readonly Item[]>;
  readonly total: Ref<number | undefined>;
  readonly hasMore: Ref<boolean>;
  readonly trouble: Ref<Trouble | undefined>;
  readonly isLoading: Ref<boolean>;
  /** From the first page on; for a changed filter too. */
  readonly reload: () => Promise<void>;
  readonly more: () => Promise<void>;
}

/** Loads a list page by page. `load` reads the filters itself; call `reload` when they change. */
export function useListed<Item>(
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
): Listed<Item> {
  const items = shallowRef<readonly Item[]>([]);
  const total = ref<number>();
  const next = ref<string | null>(null);
  const hasMore = ref(false);
  let isFirst = true;
  const loaded = useLoaded(async (signal) => {
    const page = await load(isFirst ? undefined : (next.value ?? undefined), signal);
    if (signal.aborted) return;
    items.value = isFirst ? page.items : [...items.value, ...page.items];
    next.value = page.next;
    hasMore.value = page.next !== null;
    total.value = page.total;
  });
  return {
    items,
    total,
    hasMore,
    trouble: loaded.trouble,
    isLoading: loaded.isLoading,
    reload: () => {
      isFirst = true;
      return loaded.reload();
    },
    more: () => {
      isFirst = false;
      return loaded.reload();
    },
  };
}

/** Runs one action at a time and says whether it is running, so that its button can wait. */
export function useAction<Arguments extends unknown[]>(
  work: (...given: Arguments) => Promise<void>,
  onTrouble: (error: unknown) => void,
) {
  const isBusy = ref(false);
  async function run(...given: Arguments): Promise<void> {
    if (isBusy.value) return;
    isBusy.value = true;
    try {
      await work(...given);
    } catch (error) {
      onTrouble(error);
    } finally {
      isBusy.value = false;
    }
  }
  return { isBusy, run };
}
