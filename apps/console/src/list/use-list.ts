import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import { businessDay } from "@zhanggui/kit/contract/business-day";
import { nextTick, onBeforeUnmount, onMounted, type Ref, shallowRef, watch } from "vue";
import { onBeforeRouteLeave, useRoute, useRouter } from "vue-router";
import { usePlace } from "../common/place.ts";
import { signedIn } from "../common/signed-in.ts";
import { callOf, type ListState, readState, writeState } from "./list-state.ts";
import type { OpeningOf } from "./use-views.ts";
import { type Page, type ReadPage, type Rows, useRows } from "./use-rows.ts";

/** How long typing must pause before the list follows. */
const pauseMs = 250;

export interface List<Row> extends Rows<Row> {
  readonly state: Ref<ListState>;
  /** What the list's route is asked for now, page apart. */
  readonly query: () => Record<string, unknown>;
}

/**
 * A list whose state stands in the page's address.
 *
 * @param fixed what this page always narrows it to
 * @param openingOf what it is to show where the address doesn't say
 */
export function useList<Row>(
  read: ReadPage<Row>,
  info: ListInfo,
  fixed: Record<string, unknown> = {},
  openingOf: OpeningOf = () => undefined,
): List<Row> {
  const route = useRoute();
  const router = useRouter();
  const place = usePlace();
  const state = shallowRef(readState(route.query, info));
  const query = (): Record<string, unknown> => ({
    ...fixed,
    ...callOf(state.value, info, place.value.zone, businessDay(new Date(), place.value.zone)),
  });
  const list = useRows(read, query);
  // Of this page and this account: another page may stand at the same place in the history, and who signs in after
  // somebody else finds nothing of theirs.
  const { path } = route;
  const address = (): string => JSON.stringify([path, signedIn.me?.account.id, writeState(state.value)]);

  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(state, (now, before) => {
    clearTimeout(timer);
    const follow = (): void => {
      void router.replace({ query: writeState(now) });
      void list.load();
    };
    if (now.search === before.search) follow();
    else timer = setTimeout(follow, pauseMs);
  });
  onBeforeUnmount(() => clearTimeout(timer));
  // A page that is still being fetched would lose to the address that follows the typing.
  onBeforeRouteLeave(() => clearTimeout(timer));
  // Somebody went back, or followed a link to this very page.
  watch(
    () => route.query,
    (now) => !isShown(readState(now, info)) && void open((wanted) => (state.value = wanted)),
  );
  const isShown = (wanted: ListState): boolean =>
    JSON.stringify(writeState(wanted)) === JSON.stringify(writeState(state.value));
  async function open(show: (wanted: ListState) => void): Promise<void> {
    const { wanted, isLikely } = openingOf(route.query) ?? { wanted: undefined, isLikely: false };
    const plain = readState(route.query, info);
    if (!isLikely) show(plain);
    const before = state.value;
    const found = await wanted;
    // Whoever has gone on in the meantime isn't called back.
    if (state.value !== before || isGone) return;
    if (found !== undefined) state.value = found;
    else if (isLikely) show(plain);
  }
  let isGone = false;
  onBeforeUnmount(() => (isGone = true));
  if (!useWayBack(list, address)) void open(() => void list.load());
  return { ...list, state, query };
}

interface Left extends Page<unknown> {
  readonly address: string;
  readonly scrollTop: number;
}
/** What lists looked like when they were left, by their place in the window's history. */
const left = new Map<number, Left>();
const mostLeft = 20;

/** After the Back button a list looks as it was left, at once, and is then asked for again. True if it does. */
function useWayBack<Row>(list: Rows<Row>, address: () => string): boolean {
  const content = (): Element | null => document.getElementById("content");
  const position = Number((history.state as { position?: number } | null)?.position ?? -1);
  const seen = left.get(position);
  // Before the page goes: the next one begins at its top.
  let scrollTop = 0;
  onBeforeRouteLeave(() => void (scrollTop = content()?.scrollTop ?? 0));
  onBeforeUnmount(() => {
    const { rows, next, total, sums } = list;
    left.delete(position);
    left.set(position, {
      items: rows.value,
      next: next.value,
      total: total.value,
      sums: sums.value,
      address: address(),
      scrollTop,
    });
    const [oldest] = left.keys();
    if (left.size > mostLeft && oldest !== undefined) left.delete(oldest);
  });
  if (seen?.address !== address()) return false;
  list.show(seen as Page<Row>);
  void list.refresh();
  onMounted(() => void nextTick(() => content()?.scrollTo({ top: seen.scrollTop })));
  return true;
}
