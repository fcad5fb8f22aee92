import type { Arguments, Call } from "@zhanggui/kit/contract/client";
import type { Route } from "@zhanggui/kit/contract/route";
import { acts } from "../list/acts.ts";
import type { RowAction, Sure } from "../list/row-action.ts";

/** How work stands that goes on by itself: exports, archives, imports. */
interface Going {
  readonly state: string;
}

export const isGoing = ({ state }: Going): boolean => state === "waiting" || state === "running";
/** Neither over nor given up. */
export const isOpen = (row: Going): boolean => isGoing(row) || row.state === "paused";

interface Ends<Row> {
  /** What is asked before work that is under way is given up. */
  readonly sure?: (row: Row) => Sure;
}

/** The acts of a list whose rows are worked off in the background: pause, go on, give up what is under way. */
export function actsOnWork<Row extends Going, P extends Route, R extends Route, C extends Route>(
  calls: { readonly pause: Call<P>; readonly resume: Call<R>; readonly cancel: Call<C> },
  input: (row: Row) => Arguments<P> & Arguments<R> & Arguments<C>,
  { sure }: Ends<Row> = {},
): readonly RowAction<Row>[] {
  return [
    acts<Row, P>(calls.pause, { zh: "暂停", en: "Pause" }, input, {
      shows: isGoing,
      done: { zh: "已暂停", en: "Paused" },
    }),
    acts<Row, R>(calls.resume, { zh: "继续", en: "Resume" }, input, {
      shows: ({ state }) => state === "paused",
      done: { zh: "已继续", en: "Going on" },
    }),
    acts<Row, C>(calls.cancel, { zh: "取消", en: "Cancel" }, input, {
      shows: isOpen,
      isDangerous: true,
      done: { zh: "已取消", en: "Cancelled" },
      ...(sure === undefined ? {} : { sure }),
    }),
  ];
}

/** The act that takes one away which is over. */
export function removes<Row extends Going, R extends Route>(
  call: Call<R>,
  input: (row: Row) => Arguments<R>,
  options: Partial<Pick<RowAction<Row>, "label" | "shows" | "sure">> = {},
): RowAction<Row> {
  const { label = { zh: "删除", en: "Delete" }, shows, sure } = options;
  return acts<Row, R>(call, label, input, {
    shows: (row) => !isOpen(row) && shows?.(row) !== false,
    isDangerous: true,
    done: { zh: "已删除", en: "Deleted" },
    ...(sure === undefined ? {} : { sure }),
  });
}
