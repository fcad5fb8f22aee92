import type { Expression } from "@zhanggui/kit/contract/expression";
import { type Facts, holds } from "./condition.ts";
import { longestText } from "./values.ts";

/** What computed values are computed from: facts, and rows with facts of their own. */
export interface Source extends Facts {
  readonly rows: (name: string) => readonly Source[];
}

/**
 * A computed value; undefined where something it needs is missing, or where it would be too long a text. No `eval`: it
 * walks the tree.
 */
export function compute(expression: Expression, source: Source): unknown {
  if ("value" in expression) return expression.value;
  if ("field" in expression) return source.value(expression.field);
  if ("rows" in expression) return overRows(expression, source.rows(expression.rows));
  if ("if" in expression) return compute(holds(expression.if, source) ? expression.yes : expression.no, source);
  if ("concat" in expression) return joined(expression.concat.map((part) => textOf(compute(part, source))));
  if ("round" in expression) return rounded(compute(expression.round, source), expression.digits);
  const [operator = "sum", parts = []] = Object.entries(expression)[0] ?? [];
  return arithmetic(
    operator as keyof typeof operators,
    parts.map((part) => compute(part, source)),
  );
}

function overRows(expression: Extract<Expression, { rows: string }>, rows: readonly Source[]): number | undefined {
  if ("count" in expression) return rows.length;
  return arithmetic(
    "sum",
    rows.map((row) => compute(expression.sum, row)),
  );
}

const operators = {
  sum: (a: number, b: number) => a + b,
  product: (a: number, b: number) => a * b,
  difference: (a: number, b: number) => a - b,
  quotient: (a: number, b: number) => a / b,
};

function arithmetic(operator: keyof typeof operators, values: readonly unknown[]): number | undefined {
  if (!values.every((value) => typeof value === "number")) return undefined;
  const [first = operator === "product" ? 1 : 0, ...rest] = values;
  const result = rest.reduce(operators[operator], first);
  if (Number.isSafeInteger(result)) return result + 0;
  // 15 digits are what a double keeps: 0.1 + 0.2 is 0.3.
  return Number.isFinite(result) ? Number(result.toPrecision(15)) : undefined;
}

/** By the digits that are written, not by the bits: 1.005 is 1.01. */
function rounded(value: unknown, digits = 0): number | undefined {
  if (typeof value !== "number") return undefined;
  const [mantissa = "", exponent = "0"] = String(Math.abs(value)).split("e");
  const whole = Math.round(Number(`${mantissa}e${Number(exponent) + digits}`));
  return whole < Number.MAX_SAFE_INTEGER ? Math.sign(value) * Number(`${whole}e${-digits}`) + 0 : value;
}

/** Texts of texts of texts grow beyond any memory: each field may take another one two hundred times. */
function joined(parts: readonly string[]): string | undefined {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return length > longestText ? undefined : parts.join("");
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
