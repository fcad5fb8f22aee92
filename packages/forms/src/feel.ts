import type { Condition, FieldCondition, Json } from "@zhanggui/kit/contract/condition";
import type { Asked } from "./condition-guard.ts";
import { instantOf } from "./values.ts";

/** FEEL's own words (DMN 1.5, 10.3.1.2): as a field's name they would be read otherwise, by one engine or the other. */
const keywords: ReadonlySet<string> = new Set(
  "and between else every external false for function if in instance not null of or return satisfies some then true".split(
    " ",
  ),
);
/** Functions that are called here, which a field of the same name would hide. */
const functions: ReadonlySet<string> = new Set(["contains", "eventCount", "isMember"]);

/**
 * The condition in FEEL (DMN 1.5), for process models that others read too. FEEL answers null where we say no, so what
 * is negated is compared to `true` first. Events and memberships become `eventCount(name, days)` and
 * `isMember(list, id)`, which whoever evaluates it supplies.
 *
 * @param fields which of them are lists, which FEEL asks in other words than texts
 * @throws Error for a field that FEEL can't name
 */
export function feelOf(condition: Condition, fields: readonly Pick<Asked, "name" | "isList">[] = []): string {
  const lists = new Set(fields.filter(({ isList }) => isList).map(({ name }) => name));
  const write = (part: Condition): string => {
    if ("all" in part) return part.all.map(inner).join(" and ") || "true";
    if ("any" in part) return part.any.map(inner).join(" or ") || "false";
    if ("not" in part) return negated(write(part.not));
    if ("event" in part) return eventFeel(part);
    if ("member" in part) {
      const calls = part.of.map((id) => `isMember(${literal(part.member)}, ${literal(id)})`);
      return calls.length === 1 ? `${calls[0]} = true` : `(${calls.join(" or ") || "false"}) = true`;
    }
    return fieldFeel(part, lists.has(part.field));
  };
  const inner = (part: Condition): string => {
    const isSimple = "not" in part || ("field" in part && !["in", "between", "empty"].includes(part.is));
    return isSimple ? write(part) : `(${write(part)})`;
  };
  return write(condition);
}

function eventFeel({ event, withinDays, atLeast, atMost }: Extract<Condition, { event: string }>): string {
  const count = `eventCount(${literal(event)}, ${withinDays})`;
  const bounds = [
    atLeast === undefined ? [] : `${count} >= ${atLeast}`,
    atMost === undefined ? [] : `${count} <= ${atMost}`,
  ];
  return bounds.flat().join(" and ") || "true";
}

const signs = { eq: "=", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" } as const;

function fieldFeel({ field, is, value = null }: FieldCondition, isList: boolean): string {
  const words = field.split(".");
  const isName = (word: string): boolean => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(word) && !keywords.has(word);
  if (!words.every(isName) || functions.has(words[0] ?? "")) {
    throw new Error(`FEEL has no name for the field ${field}`);
  }
  const values = Array.isArray(value) ? (value as readonly Json[]) : [value];
  const plain = values.map(literal);
  if (is === "contains") return isList ? `list contains(${field}, ${plain[0]})` : `contains(${field}, ${plain[0]})`;
  if (is === "startsWith") return `starts with(${field}, ${plain[0]})`;
  const isEmpty = `${field} = null or ${field} = ${isList ? "[]" : '""'}`;
  if (is === "empty") return isEmpty;
  if (is === "notEmpty") return negated(isEmpty);
  const isTime = values.length > 0 && values.every((each) => instantOf(each) !== undefined);
  const name = isTime ? `date and time(${field})` : field;
  const operands = isTime ? plain.map((each) => `date and time(${each})`) : plain;
  // Not FEEL's `between`: engines differ in what they take for bounds the wrong way round.
  if (is === "between") return `${name} >= ${operands[0]} and ${name} <= ${operands[1]}`;
  if (is !== "in" && is !== "notIn") return `${name} ${signs[is]} ${operands[0]}`;
  const isOneOf = isTime
    ? operands.map((each) => `${name} = ${each}`).join(" or ")
    : `list contains([${operands.join(", ")}], ${name})`;
  return is === "in" ? isOneOf : negated(isOneOf);
}

/** FEEL's `not(null)` is null. */
function negated(feel: string): string {
  return `not((${feel}) = true)`;
}

const escapes: Readonly<Record<string, string>> = { "\\b": "\\u0008", "\\f": "\\u000c" };

function literal(value: Json): string {
  if (typeof value === "number") return decimal(value);
  if (typeof value === "object" && value !== null) throw new Error("FEEL compares to single values only");
  // JSON's escapes are FEEL's, but for these two, which FEEL doesn't know.
  return JSON.stringify(value).replaceAll(/\\./g, (escape) => escapes[escape] ?? escape);
}

/** FEEL has no exponents. */
function decimal(value: number): string {
  const [mantissa = "", exponent] = String(value).split("e");
  if (exponent === undefined) return mantissa;
  const [sign, whole = "", fraction = ""] = [value < 0 ? "-" : "", ...mantissa.replace("-", "").split(".")];
  const shift = Number(exponent);
  const digits = `${whole}${fraction}`;
  if (shift < 0) return `${sign}0.${"0".repeat(-shift - 1)}${digits}`;
  return `${sign}${digits}${"0".repeat(shift - fraction.length)}`;
}
