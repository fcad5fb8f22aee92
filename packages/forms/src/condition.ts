import type { Comparison, Condition, EventCondition, FieldCondition } from "@zhanggui/kit/contract/condition";
import { instantOf, isEmpty, valueAt, type Values } from "./values.ts";

/** What a condition is asked of. */
export interface Facts {
  /** The value of a field; undefined where there is none. */
  readonly value: (field: string) => unknown;
  /** How often the event happened in the last so many days. */
  readonly count?: (event: string, withinDays: number) => number;
  readonly isMember?: (list: "tag" | "segment", id: string) => boolean;
}

/** The facts that values are by themselves: nothing happened, nobody is a member. */
export function factsOf(values: Values): Facts {
  return { value: (field) => valueAt(values, field) };
}

/**
 * Whether a condition holds. The answer is always yes or no: what has no value, or one of another type, is unequal to
 * everything, and neither before nor after it.
 */
export function holds(condition: Condition, facts: Facts): boolean {
  if ("all" in condition) return condition.all.every((part) => holds(part, facts));
  if ("any" in condition) return condition.any.some((part) => holds(part, facts));
  if ("not" in condition) return !holds(condition.not, facts);
  if ("event" in condition) return happened(condition, facts);
  if ("member" in condition) return condition.of.some((id) => facts.isMember?.(condition.member, id) ?? false);
  return compares(condition, facts.value(condition.field));
}

function happened({ event, withinDays, atLeast = 0, atMost = Infinity }: EventCondition, { count }: Facts): boolean {
  const times = count?.(event, withinDays) ?? 0;
  return atLeast <= times && times <= atMost;
}

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const comparisons: Readonly<Record<Comparison, (actual: unknown, wanted: unknown) => boolean>> = {
  eq: isSame,
  ne: (actual, wanted) => !isSame(actual, wanted),
  in: (actual, wanted) => listed(wanted).some((each) => isSame(actual, each)),
  notIn: (actual, wanted) => !listed(wanted).some((each) => isSame(actual, each)),
  lt: (actual, wanted) => order(actual, wanted) < 0,
  le: (actual, wanted) => order(actual, wanted) <= 0,
  gt: (actual, wanted) => order(actual, wanted) > 0,
  ge: (actual, wanted) => order(actual, wanted) >= 0,
  between: (actual, wanted) => order(actual, listed(wanted)[0]) >= 0 && order(actual, listed(wanted)[1]) <= 0,
  contains: (actual, wanted) =>
    typeof actual === "string"
      ? typeof wanted === "string" && actual.includes(wanted)
      : listed(actual).some((each) => isSame(each, wanted)),
  startsWith: (actual, wanted) => typeof actual === "string" && typeof wanted === "string" && actual.startsWith(wanted),
  empty: isEmpty,
  notEmpty: (actual) => !isEmpty(actual),
};

function compares({ is, value }: FieldCondition, actual: unknown): boolean {
  return comparisons[is](actual, value);
}

/** Two ways to write one instant are the same; a missing value and null are the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === "object" || typeof b === "object") return (a ?? null) === null && (b ?? null) === null;
  return a === b || order(a, b) === 0;
}

/** Below zero if `a` comes first, above if `b` does; NaN if the two can't be compared. */
function order(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== "string" || typeof b !== "string") return Number.NaN;
  const [instant, other] = [instantOf(a), instantOf(b)];
  if (instant !== undefined || other !== undefined) return (instant ?? Number.NaN) - (other ?? Number.NaN);
  return a < b ? -1 : a > b ? 1 : 0;
}
