import type { UiField } from "@zhanggui/forms/made-form";
import type { JsonSchema } from "@zhanggui/kit/contract/schema";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { IconName } from "../../common/icons.ts";

/** A kind of field that can be put into a form. */
export interface FieldPart {
  readonly label: LocalizedText;
  readonly icon: IconName;
  readonly schema: JsonSchema;
  readonly ui?: UiField;
}

const choices = {
  first: { zh: "选项一", en: "First" },
  second: { zh: "选项二", en: "Second" },
};
const names = Object.keys(choices);
const phoneRule = { zh: "请填写 11 位手机号", en: "Please enter a mobile number of 11 digits" };

export const palette = {
  text: { label: { zh: "单行文字", en: "Short text" }, icon: "edit", schema: { type: "string", maxLength: 100 } },
  longText: { label: { zh: "多行文字", en: "Long text" }, icon: "menu", schema: { type: "string", maxLength: 1000 } },
  number: { label: { zh: "数字", en: "Number" }, icon: "dice", schema: { type: "number" } },
  whole: { label: { zh: "整数", en: "Whole number" }, icon: "dice", schema: { type: "integer" } },
  choice: {
    label: { zh: "单选", en: "One choice" },
    icon: "check",
    schema: { type: "string", enum: names },
    ui: { input: "radio", choices },
  },
  choices: {
    label: { zh: "多选", en: "Several choices" },
    icon: "events",
    schema: { type: "array", items: { type: "string", enum: names }, uniqueItems: true },
    ui: { choices },
  },
  yesNo: { label: { zh: "是或否", en: "Yes or no" }, icon: "check", schema: { type: "boolean" } },
  day: { label: { zh: "日期", en: "Date" }, icon: "clock", schema: { type: "string", format: "date" } },
  instant: {
    label: { zh: "日期时间", en: "Date and time" },
    icon: "clock",
    schema: { type: "string", format: "date-time" },
  },
  phone: {
    label: { zh: "手机号", en: "Mobile number" },
    icon: "phone",
    schema: { type: "string", pattern: String.raw`^1\d{10}$` },
    ui: { kind: "phone", input: "text", rule: phoneRule },
  },
  mail: { label: { zh: "邮箱", en: "Email" }, icon: "mail", schema: { type: "string", format: "email" } },
  link: { label: { zh: "网址", en: "Web address" }, icon: "link", schema: { type: "string", format: "uri" } },
  group: { label: { zh: "分组", en: "Group" }, icon: "columns", schema: { type: "object", properties: {} } },
  rows: {
    label: { zh: "可重复的行", en: "Repeatable rows" },
    icon: "copy",
    schema: { type: "array", maxItems: 10, items: { type: "object", properties: {} } },
  },
} as const satisfies Readonly<Record<string, FieldPart>>;

export type PartName = keyof typeof palette;
export const partNames = Object.keys(palette) as PartName[];

/** Which part of the palette a field is; undefined for what only the JSON says. */
export function partOf(schema: JsonSchema, ui: UiField = {}): PartName | undefined {
  const [type] = [schema.type ?? []].flat();
  if (schema.enum !== undefined) return "choice";
  if (type === "object") return "group";
  if (type === "array") {
    if (schema.items?.properties !== undefined) return "rows";
    return schema.items?.enum === undefined ? undefined : "choices";
  }
  if (type === "boolean") return "yesNo";
  if (type === "number") return "number";
  if (type === "integer") return "whole";
  if (type !== "string") return undefined;
  if (ui.kind === "phone") return "phone";
  const formats: Readonly<Record<string, PartName>> = {
    date: "day",
    "date-time": "instant",
    email: "mail",
    uri: "link",
  };
  const known = formats[schema.format ?? ""];
  if (known !== undefined || schema.format !== undefined) return known;
  return (schema.maxLength ?? 0) > 200 ? "longText" : "text";
}

export const choiceWords = (number: number): LocalizedText => ({ zh: `选项 ${number}`, en: `Choice ${number}` });

/** Whether nobody has said anything of their own yet in one of the languages: then it follows the other. */
export function isUnsaid({ zh, en }: LocalizedText): boolean {
  const made = [...partNames.map((part) => palette[part].label), ...Object.values(choices)];
  return zh === en || /^Choice \d+$/.test(en) || made.some((words) => words.zh === zh && words.en === en);
}
