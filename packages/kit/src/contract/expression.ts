import type { Condition, Json } from "./condition.ts";

/** How a value is computed from others, as plain data. What lacks a number has no value. */
export type Expression =
  | { readonly value: Json }
  | { readonly field: string }
  | { readonly sum: readonly Expression[] }
  | { readonly product: readonly Expression[] }
  /** The first less the second. */
  | { readonly difference: readonly [Expression, Expression] }
  | { readonly quotient: readonly [Expression, Expression] }
  /** Half away from zero; to whole numbers, if `digits` is left out. */
  | { readonly round: Expression; readonly digits?: number }
  /** Texts and numbers, joined. What has no value is left out. */
  | { readonly concat: readonly Expression[] }
  | { readonly if: Condition; readonly yes: Expression; readonly no: Expression }
  /** Of repeatable rows: the sum of what each gives, whose fields come before the form's. */
  | { readonly rows: string; readonly sum: Expression }
  | { readonly rows: string; readonly count: true };
