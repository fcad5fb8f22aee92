import type { Arguments, Call } from "@zhanggui/kit/contract/client";
import { type Permission, permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Route } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { RowAction, Sure } from "./row-action.ts";

/** A field of a list that is switched on and off in its row. */
export interface RowSwitch<Row> {
  readonly field: string;
  readonly needs?: Permission;
  /** Why a row can't be switched; empty if it can. */
  readonly why?: (row: Row, on: boolean) => string;
  /** What is asked first; nothing for what is undone as easily as it is done. */
  readonly sure?: (row: Row, on: boolean) => Sure | undefined | Promise<Sure | undefined>;
  /** The row as it is then. */
  readonly set: (row: Row, on: boolean) => Promise<Row>;
}

type Reply<R extends Route> = Awaited<ReturnType<Call<R>>>;

/**
 * The switch of a yes-or-no field: it acts at once, says so and offers to take it back. Who may not call the route sees
 * the field as any other.
 *
 * @param input what the route is called with; its reply is the row as it is then
 */
export function switches<R extends Route>(
  call: Call<R>,
  field: keyof Reply<R> & string,
  input: (row: Reply<R>, on: boolean) => Arguments<R>,
  options: Pick<RowSwitch<Reply<R>>, "why" | "sure"> = {},
): RowSwitch<Reply<R>> {
  const { access } = call.route as Route;
  const [needs] = permissionsOf(access);
  const set = (row: Reply<R>, on: boolean): Promise<Reply<R>> =>
    (call as unknown as (input: Arguments<R>) => Promise<Reply<R>>)(input(row, on));
  return { field, set, ...options, ...(needs === undefined ? {} : { needs }) };
}

/** The same in the menu of a row, each way where it leads somewhere. */
export function switchActions<Row>({ field, set, why, sure }: RowSwitch<Row>): readonly RowAction<Row>[] {
  const isOn = (row: Row): boolean => Reflect.get(row as object, field) === true;
  const way = (on: boolean, label: LocalizedText, done: LocalizedText): RowAction<Row> => ({
    label,
    shows: (row) => isOn(row) !== on,
    why: (row) => why?.(row, on) ?? "",
    sure: (row) => sure?.(row, on),
    run: async (row) => {
      await set(row, on);
      return done;
    },
  });
  return [
    way(true, { zh: "启用", en: "Switch on" }, { zh: "已启用", en: "Switched on" }),
    way(false, { zh: "停用", en: "Switch off" }, { zh: "已停用", en: "Switched off" }),
  ];
}
