import { onBeforeUnmount, ref, type Ref, shallowRef, watch } from "vue";
import { whenBack } from "../common/reachable.ts";
import { isAbort, type Trouble, troubleOf } from "../common/trouble.ts";

const pageSize = 50;
/** The most that one call brings. */
const largestPage = 200;

export interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly total?: number | undefined;
  /** What fields come to, over all that match; null where too many do. */
  readonly sums?: Readonly<Record<string, number | null>> | undefined;
}
export type ReadPage<Row> = (query: Record<string, unknown>, options: { signal: AbortSignal }) => Promise<Page<Row>>;

export interface Rows<Row> {
  readonly rows: Ref<readonly Row[]>;
  readonly total: Ref<number | undefined>;
  readonly sums: Ref<Page<Row>["sums"]>;
  readonly next: Ref<string | null>;
  readonly trouble: Ref<Trouble | undefined>;
  readonly isLoading: Ref<boolean>;
  readonly show: (page: Page<Row>) => void;
  readonly load: () => Promise<void>;
  /** Asks again for what is shown; it stays where it is until the answer comes. */
  readonly refresh: () => Promise<void>;
  readonly more: () => Promise<void>;
  /** How many rows have come that aren't shown. */
  readonly fresh: Ref<number>;
  /** Looks what has changed: rows change where they are, none comes, goes or moves. An empty list shows what came. */
  readonly look: (signal: AbortSignal) => Promise<void>;
}

/** The rows of a list, page after page. One question at a time: an answer that a newer one overtook is dropped. */
export function useRows<Row>(read: ReadPage<Row>, query: () => Record<string, unknown>): Rows<Row> {
  const rows = shallowRef<readonly Row[]>([]);
  const [total, sums] = [ref<number>(), shallowRef<Page<Row>["sums"]>()];
  const next = ref<string | null>(null);
  const trouble = shallowRef<Trouble>();
  const isLoading = ref(true);
  const fresh = ref(0);
  let abort = new AbortController();
  onBeforeUnmount(() => abort.abort());

  function show(page: Page<Row>): void {
    rows.value = page.items;
    next.value = page.next;
    if (page.total !== undefined) ({ total: total.value, sums: sums.value } = page);
  }
  async function ask(work: (signal: AbortSignal) => Promise<Page<Row>>): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    isLoading.value = true;
    try {
      const page = await work(signal);
      if (signal.aborted) return;
      show(page);
      fresh.value = 0;
      trouble.value = undefined;
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      trouble.value = troubleOf(error);
    }
    isLoading.value = false;
  }

  const load = (): Promise<void> => ask((signal) => read({ ...query(), limit: pageSize }, { signal }));
  const refresh = (): Promise<void> =>
    ask(async (signal) => {
      const wanted = Math.max(pageSize, rows.value.length);
      const limit = Math.min(wanted, largestPage);
      const first = await read({ ...query(), limit }, { signal });
      const items = [...first.items];
      let cursor = first.next;
      while (items.length < wanted && cursor !== null) {
        const page = await read({ ...query(), limit, cursor }, { signal });
        items.push(...page.items);
        cursor = page.next;
      }
      return { ...first, items, next: cursor };
    });
  async function look(signal: AbortSignal): Promise<void> {
    // What is being asked for may have been read before it happened.
    if (!(await loaded(isLoading, signal))) return;
    const asked = abort;
    const limit = Math.min(Math.max(pageSize, rows.value.length), largestPage);
    const page = await read({ ...query(), limit }, { signal });
    if (signal.aborted || asked !== abort) return;
    if (rows.value.length === 0) return show(page);
    ({ items: rows.value, fresh: fresh.value } = inPlace(rows.value, page.items));
    if (page.total !== undefined) ({ total: total.value, sums: sums.value } = page);
  }
  async function more(): Promise<void> {
    const cursor = next.value;
    if (cursor === null || isLoading.value) return;
    await ask(async (signal) => {
      const page = await read({ ...query(), limit: largestPage, cursor }, { signal });
      return { items: [...rows.value, ...page.items], next: page.next };
    });
  }
  whenBack(() => trouble.value !== undefined && refresh());
  return { rows, total, sums, next, trouble, isLoading, show, load, refresh, more, fresh, look };
}

/** Waits until nothing is being asked for. False at the signal. */
async function loaded(isLoading: Ref<boolean>, signal: AbortSignal): Promise<boolean> {
  if (!isLoading.value || signal.aborted) return !signal.aborted;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      stop();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const stop = watch(isLoading, end, { flush: "sync" });
    signal.addEventListener("abort", end);
  });
  return !signal.aborted;
}

/** What is shown as it is now, each row where it was; and how many of those that there are now aren't shown. */
function inPlace<Row>(shown: readonly Row[], now: readonly Row[]): { items: Row[]; fresh: number } {
  const byId = new Map(now.map((row) => [idOf(row), row]));
  const known = new Set(shown.map(idOf));
  return {
    items: shown.map((row) => byId.get(idOf(row)) ?? row),
    fresh: now.filter((row) => !known.has(idOf(row))).length,
  };
}

const idOf = (row: unknown): string => (row as { readonly id: string }).id;
