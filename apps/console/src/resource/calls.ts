import type { Call } from "@zhanggui/kit/contract/client";
import type { ListRoute } from "@zhanggui/kit/contract/list";
import { fieldsOf, type Route } from "@zhanggui/kit/contract/route";
import { fill, type LocalizedText } from "@zhanggui/kit/contract/text";
import { counted } from "../common/counted.ts";
import { creates, edits, type ListForm } from "../forms/list-forms.ts";
import { acts } from "../list/acts.ts";
import type { RowAction } from "../list/row-action.ts";
import { type RowSwitch, switches } from "../list/switches.ts";
import type { Resource } from "./resource.ts";

export type Row = { readonly id: string } & Readonly<Record<string, unknown>>;
type Client = Readonly<Record<string, Readonly<Record<string, Call<Route>>>>>;

/** What the pages of a resource are made of. */
export interface Parts {
  readonly list: Call<ListRoute>;
  readonly create?: ListForm<never>;
  readonly edit?: ListForm<Row>;
  readonly toggle?: RowSwitch<Row>;
  readonly actions: readonly RowAction<Row>[];
  /** Reads one row. */
  readonly get?: (id: string, signal: AbortSignal) => Promise<Row>;
}

/**
 * Finds what a resource names in the API.
 *
 * @throws Error with a sentence for a route that isn't there or takes no such parameter or field, and for a list that
 *   is none
 */
export function partsOf(resource: Resource, api: object): Parts {
  const { create, edit, toggle, remove, get } = resource;
  const call = (route: string, ...fields: readonly string[]) => callOf(resource, api as Client, route, fields);
  const list = call(resource.list);
  if (list.route.list === undefined) throw new Error(`${resource.module}.${resource.list} is no list`);
  const read = get && call(get.route, get.id);
  return {
    list: list as unknown as Call<ListRoute>,
    actions: remove === undefined ? [] : [removal(call(remove.route, remove.id), remove)],
    ...(create && { create: creates(call(create.route), { title: create.title }) }),
    ...(edit && {
      edit: edits<Row, Route>(call(edit.route, edit.id, ...edit.fields), {
        title: edit.title,
        values: (row) => Object.fromEntries(edit.fields.map((name) => [name, row[name]])),
        fixed: ({ id }) => ({ [edit.id]: id }),
      }),
    }),
    ...(toggle && {
      toggle: switches(call(toggle.route, toggle.id, toggle.field), toggle.field as never, (row, on) => ({
        [toggle.id]: (row as Row).id,
        [toggle.field]: on,
      })) as unknown as RowSwitch<Row>,
    }),
    ...(get &&
      read && {
        get: (id: string, signal: AbortSignal) =>
          (read as (input: object, options: object) => Promise<Row>)({ [get.id]: id }, { signal }),
      }),
  };
}

function callOf({ module }: Resource, api: Client, route: string, fields: readonly string[]): Call<Route> {
  const found = api[module]?.[route];
  if (found === undefined) throw new Error(`There is no route ${module}.${route}: the resource names it.`);
  const taken = [...fieldsOf(found.route.params), ...fieldsOf(found.route.body)];
  const unknown = fields.find((name) => !taken.includes(name));
  if (unknown !== undefined)
    throw new Error(`The route ${module}.${route} takes no ${unknown}: the resource names it.`);
  return found;
}

function removal(call: Call<Route>, { id, sure }: NonNullable<Resource["remove"]>): RowAction<Row> {
  const filled = ({ zh, en }: LocalizedText, row: Row) => {
    const told = Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? counted(value) : value]);
    const words = Object.fromEntries(told) as Row;
    return { zh: fill(zh, words), en: fill(en, words) };
  };
  return acts(call, { zh: "删除", en: "Delete" }, (row: Row) => ({ [id]: row.id }), {
    isDangerous: true,
    done: { zh: "已删除", en: "Deleted" },
    sure: (row) => ({ title: filled(sure.title, row), sentence: filled(sure.sentence, row) }),
  });
}

/** What a row is called: its name, or the first thing that its list shows of it. */
export function nameOf(row: Row, { route }: Parts["list"]): string {
  const given = row["name"] ?? row["title"] ?? row[route.list.fields[0]?.name ?? "id"];
  return typeof given === "string" ? given : row.id;
}
