import { addDays, dayStart } from "@zhanggui/kit/contract/day";
import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { ListInfo } from "@zhanggui/kit/contract/list-info";

/**
 * What somebody made of a list: what it is narrowed to, sorted by and shows. It stands in the page's address, so that a
 * link, a bookmark, a saved view and the Back button bring the same list.
 */
export interface ListState {
  readonly search: string;
  /** `-name` is the largest first; undefined is the list's own order. */
  readonly sort: string | undefined;
  /** By the field's name, as it stands in the address: `a,b`, `true`, `2026-11-01..2026-11-24`, `7d`, `10..`. */
  readonly filters: Readonly<Record<string, string>>;
  /** The id of the saved view that this began with, or `plainView`. */
  readonly view: string | undefined;
}

export const untouched: ListState = { search: "", sort: undefined, filters: {}, view: undefined };
/** Stands for the list without a view, where one would open it. */
export const plainView = "all";

/** Days that end today: `today`, `7d`, `30d`, `90d`. A saved view of them stays true tomorrow. */
export const spans = { today: 1, "7d": 7, "30d": 30, "90d": 90 } as const;
export type Span = keyof typeof spans;
export const isSpan = (text: string): text is Span => Object.hasOwn(spans, text);

type Query = Readonly<Record<string, unknown>>;

/** Everything that a list can be narrowed by, each once: a field and a filter of the same name are the same. */
export function filtersOf({ fields, filters }: ListInfo): readonly FieldInfo[] {
  return [...fields.filter(({ filter }) => filter !== undefined), ...filters];
}

/** Reads an address; whatever isn't of this list, or can't be meant, is left out. */
export function readState(query: Query, info: ListInfo): ListState {
  const text = (name: string): string => (typeof query[name] === "string" ? query[name] : "");
  const known = filtersOf(info).flatMap((field) => {
    const value = text(field.name);
    return value !== "" && isReadable(field, value) ? [[field.name, value] as const] : [];
  });
  const sort = text("sort");
  const isKnown = info.fields.some((field) => field.sort !== undefined && field.name === sort.replace(/^-/, ""));
  return {
    search: info.search === undefined ? "" : text("search"),
    sort: isKnown && sort !== info.sort ? sort : undefined,
    filters: Object.fromEntries(known),
    view: text("view") || undefined,
  };
}

/**
 * As it stands in an address; an untouched list has nothing there. A view's name alone means the view as it was kept:
 * one that has nothing left to narrow by says so.
 */
export function writeState({ search, sort, filters, view }: ListState): Record<string, string> {
  const made = {
    ...(search.trim() === "" ? {} : { search: search.trim() }),
    ...filters,
    ...(sort === undefined ? {} : { sort }),
  };
  if (view === undefined) return made;
  const isNothing = view !== plainView && Object.keys(made).length === 0;
  return { ...made, ...(isNothing ? { search: "" } : {}), view };
}

export function isTouched({ search, filters }: ListState): boolean {
  return search.trim() !== "" || Object.keys(filters).length > 0;
}

/** What the list's route is asked for. @param today by the tenant's clock */
export function callOf(state: ListState, info: ListInfo, zone: string, today: string): Record<string, unknown> {
  const narrowed = filtersOf(info).flatMap((field) => {
    const value = state.filters[field.name];
    return value === undefined ? [] : [[field.name, valueOf(field, value, zone, today)] as const];
  });
  return {
    ...(state.search.trim() === "" ? {} : { search: state.search.trim() }),
    ...(state.sort === undefined ? {} : { sort: state.sort }),
    ...Object.fromEntries(narrowed),
  };
}

function valueOf(field: FieldInfo, text: string, zone: string, today: string): unknown {
  if (field.filter === "oneOf") return text.split(",");
  if (field.filter !== "range") return text === "true" ? true : text === "false" ? false : text;
  const [from, to] = boundsOf(text, today);
  if (field.kind === "instant")
    return {
      ...(from === "" ? {} : { gte: dayStart(from, zone).toISOString() }),
      // The last day is meant to its end.
      ...(to === "" ? {} : { lt: dayStart(addDays(to, 1), zone).toISOString() }),
    };
  const bound = (value: string): unknown => (field.kind === "day" ? value : Number(value));
  return { ...(from === "" ? {} : { gte: bound(from) }), ...(to === "" ? {} : { lte: bound(to) }) };
}

/** From and to of a range, each empty where it is open. */
export function boundsOf(text: string, today: string): readonly [string, string] {
  if (isSpan(text)) return [addDays(today, 1 - spans[text]), today];
  const [from = "", to = ""] = text.split("..");
  return [from, to];
}

function isReadable(field: FieldInfo, text: string): boolean {
  if (field.filter === "yesNo") return text === "true" || text === "false";
  const { choices } = field;
  if (field.filter !== "range")
    return choices === undefined || text.split(",").every((one) => Object.hasOwn(choices, one));
  const isOfDays = field.kind === "instant" || field.kind === "day";
  if (isSpan(text)) return isOfDays;
  const bounds = text.split("..");
  if (bounds.length !== 2 || bounds.every((bound) => bound === "")) return false;
  const isBound = isOfDays ? isDay : isNumber;
  return bounds.every((bound) => bound === "" || isBound(bound));
}

const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);
