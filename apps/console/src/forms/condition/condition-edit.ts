import { type Asked, comparisonsOf, conditionLimits } from "@zhanggui/forms/condition-guard";
import type { Comparison, Condition, FieldCondition, Json } from "@zhanggui/kit/contract/condition";
import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What happened, or a list that people are in, as a builder offers it. */
export interface Fact {
  readonly id: string;
  readonly label: LocalizedText;
}

/** What a condition can ask of. */
export interface Offer {
  readonly fields: readonly Asked[];
  readonly events: readonly Fact[];
  readonly tags: readonly Fact[];
  readonly segments: readonly Fact[];
}

/** How the parts of a group go together: all of them, any, none, or not all. */
export const modes = ["all", "any", "none", "notAll"] as const;
export type Mode = (typeof modes)[number];

export interface Group {
  readonly mode: Mode;
  readonly parts: readonly Condition[];
}

/** A condition as a group; undefined for what compares one thing. */
export function groupOf(condition: Condition): Group | undefined {
  if ("all" in condition) return { mode: "all", parts: condition.all };
  if ("any" in condition) return { mode: "any", parts: condition.any };
  if (!("not" in condition)) return undefined;
  const { not } = condition;
  if ("any" in not) return { mode: "none", parts: not.any };
  if ("all" in not) return { mode: "notAll", parts: not.all };
  return { mode: "none", parts: [not] };
}

export function conditionOf({ mode, parts }: Group): Condition {
  if (mode === "all") return { all: parts };
  if (mode === "any") return { any: parts };
  return { not: mode === "none" ? { any: parts } : { all: parts } };
}

/** What a new part asks: the first thing that there is. */
export function firstOf({ fields, events, tags, segments }: Offer): Condition {
  const [field] = fields;
  if (field !== undefined) return askOf(field);
  const [event] = events;
  if (event !== undefined) return { event: event.id, atLeast: 1, withinDays: 30 };
  return { member: tags.length > 0 || segments.length === 0 ? "tag" : "segment", of: [] };
}

/** A question about the field that its first comparison asks, with a value to begin with where there are few. */
export function askOf(field: Asked): FieldCondition {
  const [is = "eq"] = comparisonsOf(field);
  return comparedBy(field, { field: field.name, is }, is);
}

/** The same question compared in another way: a value that still fits stays. */
export function comparedBy(field: Asked, { value }: FieldCondition, is: Comparison): FieldCondition {
  const name = field.name;
  if (is === "empty" || is === "notEmpty") return { field: name, is };
  const known = Array.isArray(value) ? (value as readonly Json[]) : value === undefined ? [] : [value];
  const all = known.length > 0 ? known : firstValues(field);
  if (is === "in" || is === "notIn") return { field: name, is, value: all };
  if (is === "between") return { field: name, is, value: all.length > 1 ? all.slice(0, 2) : [...all, ...all] };
  return { field: name, is, ...(all[0] === undefined ? {} : { value: all[0] }) };
}

function firstValues({ kind, choices = {} }: Asked): readonly Json[] {
  if (kind === "yesNo") return [true];
  return Object.keys(choices).slice(0, 1);
}

/** How deep it is nested, and of how many parts it is, as the guard counts them. */
export function sizeOf(condition: Condition): { readonly depth: number; readonly nodes: number } {
  const parts =
    "all" in condition ? condition.all : "any" in condition ? condition.any : "not" in condition ? [condition.not] : [];
  const sizes = parts.map(sizeOf);
  return {
    depth: 1 + Math.max(0, ...sizes.map(({ depth }) => depth)),
    nodes: sizes.reduce((sum, { nodes }) => sum + nodes, 1),
  };
}

/** How deep a group itself lies under its mode: "none" is a "not" around an "any". */
export const depthOf = (mode: Mode): number => (mode === "none" || mode === "notAll" ? 2 : 1);

/** Whether a group fits in at that depth, with one question in it. */
export function fitsGroup(depth: number): boolean {
  return depth + 2 <= conditionLimits.depth;
}
