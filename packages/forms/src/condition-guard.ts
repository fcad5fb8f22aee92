import type { Comparison, FieldCondition } from "@zhanggui/kit/contract/condition";
import type { Choice, FieldKind } from "@zhanggui/kit/contract/field";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { filled } from "./words.ts";
import { instantOf, isDay, isPlainName, isRecord } from "./values.ts";

/** A field as conditions see it: one of a form, or a column of a list. */
export interface Asked {
  readonly name: string;
  readonly label: LocalizedText;
  readonly kind: FieldKind;
  readonly choices?: Readonly<Record<string, Choice>>;
  /** Its value is a list of such. */
  readonly isList?: true;
}

/** Beyond these nobody reads a condition any more, and evaluating it costs. Days: ten years. */
export const conditionLimits = { depth: 8, nodes: 200, values: 200, textLength: 500, days: 3660 } as const;

const numbers: ReadonlySet<FieldKind> = new Set(["number", "count", "money"]);
const times: ReadonlySet<FieldKind> = new Set(["instant", "day"]);
const texts: ReadonlySet<FieldKind> = new Set(["text", "link", "phone", "mail"]);

/** How a field can be compared: what a builder offers, the commonest first. */
export function comparisonsOf({ kind, isList }: Asked): readonly Comparison[] {
  if (isList) return ["contains", "empty", "notEmpty"];
  if (kind === "yesNo") return ["eq"];
  if (numbers.has(kind)) return ["eq", "ne", "lt", "le", "gt", "ge", "between", "empty", "notEmpty"];
  if (times.has(kind)) return ["ge", "lt", "gt", "le", "between", "eq", "ne", "empty", "notEmpty"];
  if (!texts.has(kind)) return ["in", "notIn", "eq", "ne", "empty", "notEmpty"];
  return ["contains", "eq", "ne", "startsWith", "in", "notIn", "empty", "notEmpty"];
}

/**
 * What is wrong with a condition that somebody sent, before it is read by anything else; undefined if nothing is.
 *
 * @param fields what may be asked about: then also whether they are there, and compared to values of their kind
 * @param options `isUnfinished`: somebody is still at it, so what it compares with may be missing or wrong
 */
export function conditionProblem(
  given: unknown,
  fields?: readonly Asked[],
  { isUnfinished = false }: { readonly isUnfinished?: boolean } = {},
): LocalizedText | undefined {
  const known = fields && new Map(fields.map((field) => [field.name, field]));
  let nodes = 0;
  const check = (node: unknown, depth: number): LocalizedText | undefined => {
    nodes += 1;
    if (nodes > conditionLimits.nodes) return problems.tooLarge;
    if (depth > conditionLimits.depth) return problems.tooDeep;
    if (!isRecord(node)) return problems.unknown;
    const parts = partsOf(node);
    if (parts === undefined) return leafProblem(node, known, isUnfinished);
    if (!Array.isArray(parts)) return problems.unknown;
    for (const part of parts as readonly unknown[]) {
      const problem = check(part, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return check(given, 1);
}

/** The parts of `all`, `any` and `not`; undefined for anything else. */
function partsOf(node: Node): unknown {
  const [name, ...others] = Object.keys(node);
  if (others.length > 0 || (name !== "all" && name !== "any" && name !== "not")) return undefined;
  return name === "not" ? [node[name]] : (node[name] ?? null);
}

type Node = Readonly<Record<string, unknown>>;
type Known = ReadonlyMap<string, Asked> | undefined;

function leafProblem(node: Node, known: Known, isUnfinished: boolean): LocalizedText | undefined {
  const names = Object.keys(node);
  const has = (...allowed: readonly string[]): boolean => names.every((name) => allowed.includes(name));
  if (names.includes("field") && has("field", "is", "value")) return fieldProblem(node, known, isUnfinished);
  if (names.includes("event") && has("event", "atLeast", "atMost", "withinDays")) return eventProblem(node);
  const { member, of } = node;
  const isMember = names.includes("member") && has("member", "of") && (member === "tag" || member === "segment");
  return isMember && isListOf(of, isShortText) ? undefined : problems.unknown;
}

function eventProblem({ event, atLeast, atMost, withinDays }: Node): LocalizedText | undefined {
  const areCounts = [atLeast ?? 0, atMost ?? 0].every((times) => Number.isSafeInteger(times) && Number(times) >= 0);
  const isBounded = atLeast !== undefined || atMost !== undefined;
  if (!isShortText(event) || !areCounts || !isBounded) return problems.unknown;
  const isWindow = Number.isSafeInteger(withinDays) && Number(withinDays) >= 1;
  return isWindow && Number(withinDays) <= conditionLimits.days ? undefined : problems.badWindow;
}

function fieldProblem({ field, is, value }: Node, known: Known, isUnfinished: boolean): LocalizedText | undefined {
  if (typeof field !== "string" || !field.split(".").every(isPlainName)) return problems.unknown;
  if (typeof is !== "string" || !isComparison(is)) return problems.unknown;
  const asked = known?.get(field);
  if (known !== undefined && asked === undefined) return filled(problems.noField, { field });
  if (asked !== undefined && !comparisonsOf(asked).includes(is)) return named(problems.badComparison, field, asked);
  const fits = asked === undefined ? isScalar : (each: unknown) => isOfKind(each, asked);
  if (isOperand(is, value, fits) || (isUnfinished && isBegun(value))) return undefined;
  return value === undefined ? problems.noValue : named(problems.badValue, field, asked);
}

/** By what people call the field, where that is known. */
function named(text: LocalizedText, field: string, asked: Asked | undefined): LocalizedText {
  const { zh, en } = asked?.label ?? { zh: field, en: field };
  return { zh: filled(text, { field: zh }).zh, en: filled(text, { field: en }).en };
}

/** Whether the comparison takes this beside the field: nothing, one value, two or several. */
function isOperand(is: Comparison, value: unknown, fits: (each: unknown) => boolean): boolean {
  if (is === "empty" || is === "notEmpty") return value === undefined;
  if (is === "in" || is === "notIn") return isListOf(value, fits);
  if (is === "between") return isListOf(value, fits) && value.length === 2;
  return fits(value);
}

/** What a value can be while it is typed: none, one, or a list with some left out. */
function isBegun(value: unknown): boolean {
  const isOne = (each: unknown): boolean => each === undefined || each === null || typeof each !== "object";
  return isOne(value) || isListOf(value, isOne);
}

function isOfKind(value: unknown, { kind, choices }: Asked): boolean {
  if (kind === "yesNo") return typeof value === "boolean";
  if (numbers.has(kind)) return Number.isFinite(value);
  if (kind === "instant") return instantOf(value) !== undefined;
  if (kind === "day") return isDay(value);
  return isShortText(value) && (choices === undefined || Object.hasOwn(choices, value));
}

function isScalar(value: unknown): boolean {
  return isShortText(value) || typeof value === "boolean" || Number.isFinite(value);
}

function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length <= conditionLimits.textLength;
}

function isListOf(value: unknown, fits: (each: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= conditionLimits.values && value.every(fits);
}

const comparisons: Readonly<Record<Comparison, true>> = {
  eq: true,
  ne: true,
  in: true,
  notIn: true,
  lt: true,
  le: true,
  gt: true,
  ge: true,
  between: true,
  contains: true,
  startsWith: true,
  empty: true,
  notEmpty: true,
};

function isComparison(name: string): name is FieldCondition["is"] {
  return Object.hasOwn(comparisons, name);
}

const problems = {
  tooDeep: { zh: "条件嵌套不能超过 8 层", en: "conditions can't be nested more than 8 deep" },
  tooLarge: { zh: "条件不能超过 200 项", en: "a condition can't have more than 200 parts" },
  unknown: { zh: "条件的写法无法识别", en: "the condition can't be understood" },
  badWindow: { zh: "时间范围应为 1 至 3660 天", en: "the window is from 1 to 3,660 days" },
  noField: { zh: "条件中的字段“{field}”不存在", en: "there is no field “{field}” to ask about" },
  badComparison: { zh: "字段“{field}”不能这样比较", en: "the field “{field}” can't be compared like this" },
  noValue: { zh: "还没有填写要比较的值", en: "the value to compare with is missing" },
  badValue: { zh: "与字段“{field}”比较的值不合适", en: "the field “{field}” can't be compared to this value" },
} as const satisfies Readonly<Record<string, LocalizedText>>;
