import type { FormField } from "@zhanggui/forms/form";
import type { Expression } from "@zhanggui/kit/contract/expression";

/** How a number follows from others, as far as it can be said by choosing; the JSON can say more. */
export type Computing =
  | { readonly how: "none" }
  | { readonly how: "sum" | "product"; readonly of: readonly string[] }
  | { readonly how: "rowCount"; readonly rows: string }
  | { readonly how: "rowSum" | "rowProduct"; readonly rows: string; readonly of: readonly string[] }
  | { readonly how: "other" };

const isField = (each: Expression): each is { readonly field: string } => "field" in each;
const namesIn = (parts: readonly Expression[]): readonly string[] | undefined =>
  parts.every(isField) ? parts.map(({ field }) => field) : undefined;

export function computingOf(expression: Expression | undefined): Computing {
  if (expression === undefined) return { how: "none" };
  if ("rows" in expression) {
    if ("count" in expression) return { how: "rowCount", rows: expression.rows };
    const { rows, sum } = expression;
    if (isField(sum)) return { how: "rowSum", rows, of: [sum.field] };
    const factors = "product" in sum ? namesIn(sum.product) : undefined;
    return factors === undefined ? { how: "other" } : { how: "rowProduct", rows, of: factors };
  }
  for (const how of ["sum", "product"] as const) {
    const parts = how in expression ? (expression as Record<typeof how, readonly Expression[]>)[how] : undefined;
    const of = parts && namesIn(parts);
    if (of !== undefined) return { how, of };
  }
  return { how: "other" };
}

export function expressionOf(computing: Computing): Expression | undefined {
  const fields = (names: readonly string[]): Expression[] => names.map((field) => ({ field }));
  if (computing.how === "sum") return { sum: fields(computing.of) };
  if (computing.how === "product") return { product: fields(computing.of) };
  if (computing.how === "rowCount") return { rows: computing.rows, count: true };
  if (computing.how === "rowSum") return { rows: computing.rows, sum: { field: computing.of[0] ?? "" } };
  if (computing.how === "rowProduct") return { rows: computing.rows, sum: { product: fields(computing.of) } };
  return undefined;
}

export const isNumber = ({ kind, isList }: FormField): boolean =>
  isList === undefined && ["number", "count", "money"].includes(kind);
