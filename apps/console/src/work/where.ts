import { businessDay } from "@zhanggui/kit/contract/business-day";
import type { FieldInfo } from "@zhanggui/kit/contract/field";
import type { ListInfo } from "@zhanggui/kit/contract/list-info";
import { filtersOf } from "../list/list-state.ts";

type Query = Readonly<Record<string, unknown>>;

/** What a list's route was asked for, as the console's address says it: the other way round of `callOf`. */
export function addressOf(query: Query, info: ListInfo, zone: string): Record<string, string> {
  const filters = filtersOf(info).flatMap((field) => {
    const text = textOf(field, query[field.name], zone);
    return text === undefined ? [] : [[field.name, text] as const];
  });
  const { search } = query;
  return { ...Object.fromEntries(filters), ...(typeof search === "string" && search !== "" ? { search } : {}) };
}

function textOf({ filter, kind }: FieldInfo, value: unknown, zone: string): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  if (filter !== "range" || typeof value !== "object" || value === null) return undefined;
  const { gte = "", lte = "", lt = "" } = value as Readonly<Record<string, string>>;
  if (kind !== "instant") return `${gte}..${lte}`;
  const day = (instant: string, beforeMs: number): string =>
    instant === "" ? "" : businessDay(new Date(Date.parse(instant) - beforeMs), zone);
  // An end is the beginning of the day after.
  return `${day(gte, 0)}..${day(lt, 1)}`;
}
