import { defaultZone } from "@zhanggui/kit/contract/business-day";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { Form, FormField } from "./form.ts";
import { instantOf, isEmpty, isRecord, valueAt, type Values } from "./values.ts";

/** What was answered to one question, to be read. */
export interface Told {
  readonly label: LocalizedText;
  readonly text: LocalizedText;
  /** Of repeatable rows: what each says. */
  readonly rows?: readonly (readonly Told[])[];
}

/** Every answer that there is, in the order of the form. */
export function tellAnswers(form: Form, values: Values, zone = defaultZone): Told[] {
  return form.fields.flatMap((field): Told[] => {
    const value = valueAt(values, field.name);
    if (isEmpty(value)) return [];
    const told = { label: field.label, text: inWords(field, value, zone) };
    const { rows } = field;
    if (rows === undefined || !Array.isArray(value)) return [told];
    return [{ ...told, rows: value.map((row: unknown) => (isRecord(row) ? tellAnswers(rows, row, zone) : [])) }];
  });
}

const longest = 120;

/** The first answers, as far as they go into a line. */
export function summaryOf(told: readonly Told[]): LocalizedText {
  const cut = (text: string): string => {
    const characters = Array.from(text.replaceAll(/\s+/g, " "));
    return characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : characters.join("");
  };
  const first = told.filter(({ rows }) => rows === undefined).slice(0, 4);
  return {
    zh: cut(first.map(({ label, text }) => `${label.zh}：${text.zh}`).join("；")),
    en: cut(first.map(({ label, text }) => `${label.en}: ${text.en}`).join("; ")),
  };
}

/** A value as people read it; of rows, one after the other. */
export function inWords(field: FormField, value: unknown, zone = defaultZone): LocalizedText {
  if (isEmpty(value)) return { zh: "", en: "" };
  if (Array.isArray(value)) return listed(field, value, zone);
  const { choices = {}, kind } = field;
  const key = String(value);
  if (Object.hasOwn(choices, key)) {
    const { zh = key, en = key } = choices[key] ?? {};
    return { zh, en };
  }
  if (typeof value === "boolean") return value ? { zh: "是", en: "yes" } : { zh: "否", en: "no" };
  if (typeof value === "object") return both(JSON.stringify(value));
  if (kind === "money" && typeof value === "number") return both(`¥${(value / 100).toFixed(2)}`);
  if (kind === "instant" && instantOf(value) !== undefined) {
    // Swedish writes 2026-11-29 08:30.
    return both(new Date(key).toLocaleString("sv", { timeZone: zone, dateStyle: "short", timeStyle: "short" }));
  }
  return both(key);
}

function listed(field: FormField, values: readonly unknown[], zone: string): LocalizedText {
  const { rows, isList: _, ...each } = field;
  if (rows === undefined) {
    const words = values.map((value) => inWords(each, value, zone));
    return { zh: words.map(({ zh }) => zh).join("、"), en: words.map(({ en }) => en).join(", ") };
  }
  const told = values.map((row) => tellAnswers(rows, isRecord(row) ? row : {}, zone));
  return {
    zh: told.map((row) => row.map(({ label, text }) => `${label.zh}：${text.zh}`).join("，")).join("；"),
    en: told.map((row) => row.map(({ label, text }) => `${label.en}: ${text.en}`).join(", ")).join("; "),
  };
}

function both(text: string): LocalizedText {
  return { zh: text, en: text };
}
