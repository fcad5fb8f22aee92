import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { conditionProblem } from "./condition-guard.ts";
import { isPlainName, isRecord } from "./values.ts";

export const expressionLimits = { depth: 8, nodes: 200, textLength: 500, digits: 9 } as const;

/** The parts of an expression that are expressions; undefined if it isn't written as one. */
type PartsOf = (node: Readonly<Record<string, unknown>>) => readonly unknown[] | undefined;

const several: PartsOf = (node) => {
  const [parts] = Object.values(node);
  return Array.isArray(parts) ? (parts as readonly unknown[]) : undefined;
};
const two: PartsOf = (node) => (several(node)?.length === 2 ? several(node) : undefined);
const isPath = (name: unknown): boolean => typeof name === "string" && name.split(".").every(isPlainName);

/** By the names of their keys, in the order of the alphabet. */
const forms: Readonly<Record<string, PartsOf>> = {
  value: ({ value }) => (isLiteral(value) ? [] : undefined),
  field: ({ field }) => (isPath(field) ? [] : undefined),
  sum: several,
  product: several,
  concat: several,
  difference: two,
  quotient: two,
  round: ({ round }) => [round],
  "digits,round": ({ round, digits }) => (isDigits(digits) ? [round] : undefined),
  "if,no,yes": (node) => (conditionProblem(node["if"]) === undefined ? [node["yes"], node["no"]] : undefined),
  "rows,sum": ({ rows, sum }) => (isPath(rows) ? [sum] : undefined),
  "count,rows": ({ rows, count }) => (isPath(rows) && count === true ? [] : undefined),
};

/**
 * What is wrong with an expression that somebody sent, before anything else reads it; undefined if nothing is.
 *
 * @param options `isUnfinished`: somebody is still at it, so the field that it is about may not be chosen yet
 */
export function expressionProblem(
  given: unknown,
  { isUnfinished = false }: { readonly isUnfinished?: boolean } = {},
): LocalizedText | undefined {
  let nodes = 0;
  const check = (node: unknown, depth: number): LocalizedText | undefined => {
    nodes += 1;
    if (nodes > expressionLimits.nodes || depth > expressionLimits.depth) return problems.tooLarge;
    if (!isRecord(node)) return problems.unknown;
    if (isUnfinished && node["field"] === "" && Object.keys(node).length === 1) return undefined;
    const kind = Object.keys(node).toSorted().join();
    const parts = Object.hasOwn(forms, kind) ? forms[kind]?.(node) : undefined;
    if (parts === undefined) return problems.unknown;
    for (const part of parts) {
      const problem = check(part, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return check(given, 1);
}

function isLiteral(value: unknown): boolean {
  if (typeof value === "string") return value.length <= expressionLimits.textLength;
  return value === null || typeof value === "boolean" || Number.isFinite(value);
}

function isDigits(digits: unknown): boolean {
  return Number.isSafeInteger(digits) && Number(digits) >= 0 && Number(digits) <= expressionLimits.digits;
}

const problems = {
  tooLarge: {
    zh: "公式不能超过 200 项，嵌套不能超过 8 层",
    en: "a formula has at most 200 parts, nested at most 8 deep",
  },
  unknown: { zh: "公式的写法无法识别", en: "the formula can't be understood" },
} as const satisfies Readonly<Record<string, LocalizedText>>;
