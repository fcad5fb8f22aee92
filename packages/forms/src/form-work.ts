import type { Condition } from "@zhanggui/kit/contract/condition";
import type { Expression } from "@zhanggui/kit/contract/expression";
import { fieldsIn } from "./form-state.ts";
import type { Form, FormField } from "./form.ts";
import type { Values } from "./values.ts";

/** So many take about a second. A form of 50 fields, with conditions of five parts, has them with 330 rows. */
const mostSteps = 250_000;
/** Of a field by itself: to find it, to trim and to check it. */
const stepsOfField = 10;

/**
 * Whether answers would take too long to look at: each field of each row takes steps, and so does each part of
 * what it depends on. A form and answers that are both within their limits multiply.
 */
export function isTooMuchWork(form: Form, values: Values): boolean {
  const longest = longestIn(values);
  const known = new Map<FormField, number>();
  let steps = 0;
  for (const [, field] of fieldsIn(form, values)) {
    const ofField = known.get(field) ?? stepsOf(field, longest);
    known.set(field, ofField);
    steps += ofField;
    if (steps > mostSteps) return true;
  }
  return false;
}

/** The length of the longest list in it. */
function longestIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? value.length : 0;
  return Object.values(value).reduce<number>((longest, each) => Math.max(longest, longestIn(each)), own);
}

function stepsOf({ showWhen, disableWhen, requireWhen, compute }: FormField, longest: number): number {
  const conditions = [showWhen, disableWhen, requireWhen].filter((each) => each !== undefined);
  const asked = sum(conditions.map((each) => ofCondition(each, longest)));
  return stepsOfField + asked + (compute === undefined ? 0 : ofExpression(compute, longest));
}

function ofCondition(condition: Condition, longest: number): number {
  if ("all" in condition) return 1 + sum(condition.all.map((each) => ofCondition(each, longest)));
  if ("any" in condition) return 1 + sum(condition.any.map((each) => ofCondition(each, longest)));
  if ("not" in condition) return 1 + ofCondition(condition.not, longest);
  if (!("field" in condition)) return 1;
  const { is, value } = condition;
  return 1 + (is === "contains" ? longest : 0) + (Array.isArray(value) ? value.length : 0);
}

function ofExpression(expression: Expression, longest: number): number {
  if ("value" in expression || "field" in expression) return 1;
  if ("rows" in expression) return longest * ("sum" in expression ? 1 + ofExpression(expression.sum, longest) : 1);
  if ("round" in expression) return 1 + ofExpression(expression.round, longest);
  if ("if" in expression) {
    const branches = [expression.yes, expression.no].map((each) => ofExpression(each, longest));
    return ofCondition(expression.if, longest) + sum(branches);
  }
  return (
    1 +
    sum(
      Object.values(expression)
        .flat()
        .map((each) => ofExpression(each, longest)),
    )
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
