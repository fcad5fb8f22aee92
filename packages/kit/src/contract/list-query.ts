import { z } from "zod";

/** From (`gte`, `gt`) and to (`lte`, `lt`); each may be left out. In an address: `clicks[gte]=10`. */
export interface Range<Value> {
  readonly gte?: Value | undefined;
  readonly gt?: Value | undefined;
  readonly lte?: Value | undefined;
  readonly lt?: Value | undefined;
}
export const comparisons = ["gte", "gt", "lte", "lt"] as const;

/** What somebody looks for, as they typed it. */
export const Search = z.string().trim().max(100);

/** More values than these are no choice. */
const mostValues = 100;

/** One value or several; in an address with commas between them. */
export function oneOf(value: z.ZodType): z.ZodType {
  const several = z.array(value).min(1).max(mostValues);
  return z.preprocess((given) => (typeof given === "string" ? given.split(",") : given), several);
}

/** Numbers come as text, as everything in an address; an empty one is none, not 0. */
export function range(value: z.ZodType): z.ZodType {
  const bound = (value.def.type === "number" ? z.preprocess(numberOf, value) : value).optional();
  return z.strictObject(Object.fromEntries(comparisons.map((comparison) => [comparison, bound])));
}

function numberOf(given: unknown): unknown {
  return typeof given === "string" && given.trim() !== "" ? Number(given) : given;
}
