import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { fieldsIn, stateOf } from "./form-state.ts";
import type { Form, FormField } from "./form.ts";
import { instantOf, isDay, isEmpty, isRecord, type Values } from "./values.ts";
import { filled } from "./words.ts";

/** What is wrong with one field, in words that stand beside it. */
export interface FieldError {
  /** `lines.0.price`; empty where it isn't one field's. */
  readonly path: string;
  readonly text: LocalizedText;
}

/**
 * What is wrong with the fields that are shown, the first of each. It is there to be quick and to say it well: the
 * schema has the last word, and refuses more. Lengths are counted in code points, as JSON Schema counts them.
 */
export function errorsOf(form: Form, values: Values): FieldError[] {
  const state = stateOf(form, values);
  return [...fieldsIn(form, values)].flatMap(([path, field]) => {
    const { isShown, isRequired, value } = state.get(path) ?? { isShown: false };
    if (!isShown) return [];
    const text = isEmpty(value) ? (isRequired ? words.missing : undefined) : problemOf(field, value);
    return text === undefined ? [] : [{ path, text }];
  });
}

function problemOf(field: FormField, value: unknown): LocalizedText | undefined {
  if (field.isList) return Array.isArray(value) ? listProblem(field, value) : words.wrongType;
  if (field.choices !== undefined && field.kind === "choice")
    return isChoice(field, value) ? undefined : words.noChoice;
  if (field.kind === "yesNo") return typeof value === "boolean" ? undefined : words.wrongType;
  if (isNumeric(field)) return typeof value === "number" ? numberProblem(field, value) : words.noNumber;
  if (typeof value === "string") return textProblem(field, value);
  // Of a kind that a module added, only the module knows what its values are.
  return kindWords[field.kind] === undefined && field.kind !== "text" ? undefined : words.wrongType;
}

function isNumeric({ kind, min, max, step }: FormField): boolean {
  return ["number", "count", "money"].includes(kind) || [min, max, step].some((each) => each !== undefined);
}

function isChoice({ choices = {} }: FormField, value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value) && Object.hasOwn(choices, value as string);
}

function listProblem(field: FormField, values: readonly unknown[]): LocalizedText | undefined {
  const { minItems = 0, maxItems = Infinity, rows } = field;
  if (values.length < minItems) return filled(words.tooFew, { n: minItems });
  if (values.length > maxItems) return filled(words.tooMany, { n: maxItems });
  if (rows !== undefined) return values.every(isRecord) ? undefined : words.wrongType;
  const { choices } = field;
  return choices === undefined || values.every((value) => isChoice(field, value)) ? undefined : words.noChoice;
}

function numberProblem(
  { min = -Infinity, max = Infinity, step, kind }: FormField,
  value: number,
): LocalizedText | undefined {
  if (value < min) return filled(words.tooSmall, { n: told(min, kind) });
  if (value > max) return filled(words.tooLarge, { n: told(max, kind) });
  // Beyond these the digits that were typed are lost: whoever typed an order's number has sent another one.
  if (step === 1 && !Number.isSafeInteger(Math.trunc(value))) return words.tooManyDigits;
  if (step === undefined || isMultiple(value, step)) return undefined;
  return step === 1 ? words.notWhole : filled(words.noMultiple, { n: told(step, kind) });
}

/** As decimals are written: 0.3 is three times 0.1. */
function isMultiple(value: number, step: number): boolean {
  return Number.isInteger(Number((value / step).toPrecision(15)));
}

function told(number: number, kind: string): string {
  return kind === "money" ? `¥${(number / 100).toFixed(2)}` : String(number);
}

function textProblem(field: FormField, value: string): LocalizedText | undefined {
  const { kind, format = "", minLength = 0, maxLength = Infinity, pattern, rule } = field;
  // Many shapes cut off what surrounds a text before they count.
  if (Array.from(value).length < minLength) return filled(words.tooShort, { n: minLength });
  if (Array.from(value.trim()).length > maxLength) return filled(words.tooLong, { n: maxLength });
  const isRight = formats[format] ?? formats[kind];
  if (isRight !== undefined && !isRight(value)) return kindWords[kind] ?? words.wrongType;
  // Without words of its own the schema's answer is as good, and it knows the pattern's flags.
  const isWrong = rule !== undefined && pattern !== undefined && !new RegExp(pattern, "u").test(value);
  return isWrong ? rule : undefined;
}

const isMail = (value: string): boolean => /^[^\s@]+@[^\s@]+$/.test(value.trim());

/** By format, and by kind where none is named. What passes here the schema may refuse still. */
const formats: Readonly<Record<string, (value: string) => boolean>> = {
  instant: (value) => instantOf(value) !== undefined,
  "date-time": (value) => instantOf(value) !== undefined,
  day: isDay,
  date: isDay,
  link: (value) => URL.canParse(value),
  uri: (value) => URL.canParse(value),
  mail: isMail,
  email: isMail,
};

const words = {
  missing: { zh: "请填写", en: "Please fill this in" },
  wrongType: { zh: "内容无法识别", en: "This can't be understood" },
  noChoice: { zh: "没有这个选项", en: "There is no such choice" },
  noNumber: { zh: "请填写数字", en: "Please enter a number" },
  tooManyDigits: { zh: "位数太多，无法完整保存", en: "This has more digits than can be kept" },
  notWhole: { zh: "请填写整数", en: "Please enter a whole number" },
  noMultiple: { zh: "应为 {n} 的倍数", en: "Must be a multiple of {n}" },
  tooSmall: { zh: "不能小于 {n}", en: "Must be at least {n}" },
  tooLarge: { zh: "不能大于 {n}", en: "Must be at most {n}" },
  tooShort: { zh: "至少 {n} 个字符", en: "Must have at least {n} characters" },
  tooLong: { zh: "最多 {n} 个字符", en: "Must have at most {n} characters" },
  tooFew: { zh: "至少 {n} 项", en: "Must have at least {n} entries" },
  tooMany: { zh: "最多 {n} 项", en: "Must have at most {n} entries" },
} as const satisfies Readonly<Record<string, LocalizedText>>;

const kindWords: Readonly<Record<string, LocalizedText>> = {
  instant: { zh: "请填写日期和时间", en: "Please enter a date and time" },
  day: { zh: "请填写日期", en: "Please enter a date" },
  link: {
    zh: "请填写完整网址，例如 https://example.com",
    en: "Please enter a whole address, like https://example.com",
  },
  mail: { zh: "请填写邮箱地址，例如 name@example.com", en: "Please enter a mail address, like name@example.com" },
};
