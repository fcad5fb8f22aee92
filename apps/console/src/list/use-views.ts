import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import type { ListRoute } from "@zhanggui/kit/contract/list";
import { computed, type ComputedRef, ref, type Ref, watch } from "vue";
import { keepLayout, type Layout, readLayout } from "./columns.ts";
import { type ListState, plainView, readState, untouched, writeState } from "./list-state.ts";
import { type ListViews, type View, viewsOf } from "./views-of.ts";

/** What a list is to show that was opened without saying what. */
export interface Opening {
  readonly wanted: Promise<ListState | undefined>;
  /** Something is: what the address says would only be in the way. */
  readonly isLikely: boolean;
}
export type OpeningOf = (query: Readonly<Record<string, unknown>>) => Opening | undefined;

/** A list opens with the view that its address names, or with the one that its reader wants to see first. */
export function openingOf({ id, list: info }: Pick<ListRoute, "id" | "list">): OpeningOf {
  return (query) => {
    const { view: name } = readState(query, info);
    const isPlain = Object.keys(query).every((each) => each === "view");
    if (!isPlain || name === plainView) return undefined;
    const { all, load, isExpected } = viewsOf(id);
    const meant = (views: readonly View[]): ListState | undefined => {
      const view = views.find((each) => (name === undefined ? each.opens : each.id === name));
      return view && stateOf(view, info);
    };
    const isLikely = name !== undefined || isExpected() || all.value !== undefined;
    const known = all.value === undefined ? load() : Promise.resolve(all.value);
    // A view that can't be read, or is gone, is the list as it is.
    return { wanted: known.then(meant, () => undefined), isLikely };
  };
}

/** What a view has made of its list; what the list doesn't know any more is left out. */
function stateOf({ id, query }: View, info: ListInfo): ListState {
  return { ...readState(query, info), view: id };
}

/** What of a state a view keeps. */
export function queryOf(state: ListState): Record<string, string> {
  return writeState({ ...state, view: undefined });
}

export interface Views extends ListViews {
  readonly layout: Ref<Layout>;
  /** The one that the list shows, changed or not. */
  readonly current: ComputedRef<View | undefined>;
  readonly isChanged: ComputedRef<boolean>;
  /** How much of the current one its list doesn't know any more. */
  readonly lost: ComputedRef<number>;
  /** Shows a view as it was kept; none: the list as it is. */
  readonly show: (view: View | undefined) => void;
}

/** The views of a list, beside what it shows. Columns and density are the view's, or without one this device's. */
export function useViews({ id, list: info }: Pick<ListRoute, "id" | "list">, state: Ref<ListState>): Views {
  const views = viewsOf(id);
  const { all } = views;
  const layout = ref(readLayout(id, info.fields));
  const current = computed(() => all.value?.find((view) => view.id === state.value.view));
  watch(layout, (now) => current.value === undefined && keepLayout(id, now));
  watch(
    () => current.value?.id,
    () => (layout.value = layoutOf(current.value)),
  );
  if (current.value !== undefined) layout.value = layoutOf(current.value);

  function layoutOf(view: View | undefined): Layout {
    if (view === undefined) return readLayout(id, info.fields);
    return { hidden: view.hidden.filter(isColumn), isDense: view.isDense };
  }
  const isColumn = (name: string): boolean => info.fields.some((field) => field.name === name);
  const isChanged = computed(() => {
    const view = current.value;
    if (view === undefined) return false;
    return !isSame(queryOf(state.value), queryOf(stateOf(view, info))) || !isSameLayout(layout.value, layoutOf(view));
  });
  const lost = computed(() => {
    const { query = {}, hidden = [] } = current.value ?? {};
    const known = queryOf(readState(query, info));
    // Its own order is no order in an address.
    const isKnown = (name: string): boolean => name in known || query[name] === info.sort;
    return Object.keys(query).filter((name) => !isKnown(name)).length + hidden.filter((name) => !isColumn(name)).length;
  });
  function show(view: View | undefined): void {
    const isOpening = all.value?.some(({ opens }) => opens) ?? false;
    state.value = view === undefined ? { ...untouched, view: isOpening ? plainView : undefined } : stateOf(view, info);
    layout.value = layoutOf(view);
  }
  return { ...views, layout, current, isChanged, lost, show };
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

function isSameLayout(a: Layout, b: Layout): boolean {
  return a.isDense === b.isDense && a.hidden.toSorted().join() === b.hidden.toSorted().join();
}
