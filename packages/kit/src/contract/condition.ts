/** What survives JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * How a field's value is compared. `in` and `notIn` take a list, `between` a list of two (both included), `empty` and
 * `notEmpty` nothing. Of a field that is a list, `contains` asks for one of its members; of text, for a part of it.
 */
export type Comparison =
  | "eq"
  | "ne"
  | "in"
  | "notIn"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "between"
  | "contains"
  | "startsWith"
  | "empty"
  | "notEmpty";

/** Compares a field's value. A field of a nested object has a dot in its name. */
export interface FieldCondition {
  readonly field: string;
  readonly is: Comparison;
  readonly value?: Json;
}

/** How often somebody did something lately: `{ event: "audience.channel_entered.v1", atLeast: 2, withinDays: 30 }`. */
export interface EventCondition {
  readonly event: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** The window: so many times 24 hours, up to now. */
  readonly withinDays: number;
}

/** Whether somebody is in one of these: `{ member: "tag", of: [tagId] }`. */
export interface MemberCondition {
  readonly member: "tag" | "segment";
  readonly of: readonly string[];
}

/** A question with the answer yes or no, as plain data: segments, rules, branches and forms ask it alike. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | FieldCondition
  | EventCondition
  | MemberCondition;
