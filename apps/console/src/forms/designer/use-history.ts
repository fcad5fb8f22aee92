import { computed, shallowRef } from "vue";

/** Steps that can be undone; more than anybody goes back. */
const most = 200;

/**
 * What somebody makes, step by step. Steps in a row with the same mark (a word that is being typed) are undone as one.
 *
 * @param start what it begins with
 */
export function useHistory<State>(start: State) {
  const past = shallowRef<readonly State[]>([]);
  const now = shallowRef(start);
  const future = shallowRef<readonly State[]>([]);
  let mark: string | undefined;
  function change(state: State, as?: string): void {
    if (state === now.value) return;
    if (as === undefined || as !== mark) past.value = [...past.value.slice(-most + 1), now.value];
    mark = as;
    now.value = state;
    future.value = [];
  }
  function undo(): void {
    const before = past.value.at(-1);
    if (before === undefined) return;
    future.value = [now.value, ...future.value];
    past.value = past.value.slice(0, -1);
    now.value = before;
    mark = undefined;
  }
  function redo(): void {
    const [next, ...rest] = future.value;
    if (next === undefined) return;
    past.value = [...past.value, now.value];
    future.value = rest;
    now.value = next;
    mark = undefined;
  }
  return {
    now,
    change,
    undo,
    redo,
    canUndo: computed(() => past.value.length > 0),
    canRedo: computed(() => future.value.length > 0),
  };
}
