import type { Arguments, Call } from "@zhanggui/kit/contract/client";
import { permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Route } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { RowAction } from "./row-action.ts";

const saved = { zh: "已保存", en: "Saved" };

/**
 * A row's action that calls a route: who may call the route is offered it.
 *
 * @param input what the route is called with for a row
 */
export function acts<Row, R extends Route>(
  call: Call<R>,
  label: LocalizedText,
  input: (row: Row) => Arguments<R>,
  {
    done = saved,
    ...options
  }: Omit<RowAction<Row>, "label" | "run" | "needs"> & { readonly done?: LocalizedText } = {},
): RowAction<Row> {
  const { access } = call.route as Route;
  const [needs] = permissionsOf(access);
  const run = async (row: Row): Promise<LocalizedText> => {
    await (call as unknown as (input: Arguments<R>) => Promise<unknown>)(input(row));
    return done;
  };
  return { label, run, ...options, ...(needs === undefined ? {} : { needs }) };
}
