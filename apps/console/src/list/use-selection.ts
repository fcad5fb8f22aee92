import { computed, type ComputedRef, shallowRef, type Ref } from "vue";
import type { Chosen } from "./run-bulk.ts";

interface Row {
  readonly id: string;
}
export interface Selection {
  readonly ids: ComputedRef<ReadonlySet<string>>;
  /** How many, as far as they are counted. */
  readonly count: ComputedRef<number>;
  /** All that match, also those that aren't shown. */
  readonly isAll: ComputedRef<boolean>;
  readonly select: (ids: readonly string[], on: boolean) => void;
  /** All that match what the list is narrowed to, but rows that are taken out later. */
  readonly selectAll: () => void;
  readonly clear: () => void;
  readonly chosen: () => Chosen;
}

/** Which rows of a list were chosen. @param query what the list is narrowed to now */
export function useSelection<Each extends Row>(
  rows: Readonly<Ref<readonly Each[]>>,
  total: Readonly<Ref<number | undefined>>,
  query: () => Readonly<Record<string, unknown>>,
): Selection {
  /** The rows that were chosen; of all that match, those that weren't. */
  const marked = shallowRef<ReadonlySet<string>>(new Set());
  const isAll = shallowRef(false);
  const ids = computed<ReadonlySet<string>>(() => {
    if (!isAll.value) return marked.value;
    return new Set(rows.value.flatMap(({ id }) => (marked.value.has(id) ? [] : [id])));
  });
  const count = computed(() => (isAll.value ? (total.value ?? 0) - marked.value.size : marked.value.size));
  const start = (all: boolean): void => {
    isAll.value = all;
    marked.value = new Set();
  };
  return {
    ids,
    count,
    isAll: computed(() => isAll.value),
    select: (given, on) => {
      const now = new Set(marked.value);
      for (const id of given)
        if (on !== isAll.value) now.add(id);
        else now.delete(id);
      marked.value = now;
    },
    selectAll: () => start(true),
    clear: () => start(false),
    chosen: () => (isAll.value ? { query: query(), except: [...marked.value] } : { ids: [...marked.value] }),
  };
}
