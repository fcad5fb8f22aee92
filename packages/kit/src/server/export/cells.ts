import { countLimit } from "../../contract/count-limit.ts";
import type { FieldInfo } from "../../contract/field.ts";
import type { Language } from "../../contract/text.ts";
import { csvTime, harmless } from "../csv.ts";

/** A value as a file shows it, whatever the file: what kind it is decides how a spreadsheet keeps it. */
export type Cell =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  /** In yuan, with two digits. */
  | { readonly kind: "money"; readonly text: string }
  /** `2026-11-24 20:30:05` or `2026-11-24`, by the reader's clock. */
  | { readonly kind: "time" | "day"; readonly text: string };

const yes = { zh: "是", en: "yes" };
const no = { zh: "否", en: "no" };

export function cellOf(info: FieldInfo, value: unknown, language: Language, zone: string): Cell {
  const text = textOf(value, language);
  const key = `${value as string}`;
  const { choices = {}, kind } = info;
  if (Object.hasOwn(choices, key)) return { kind: "text", text: choices[key]?.[language] ?? text };
  if (kind === "instant" && text !== "") return { kind: "time", text: csvTime(new Date(text), zone) };
  if (kind === "day" && /^\d{4}-\d\d-\d\d$/.test(text)) return { kind: "day", text };
  if (typeof value !== "number") return { kind: "text", text };
  if (kind === "counted" && value > countLimit) return { kind: "text", text: `${countLimit}+` };
  if (kind === "money") return { kind: "money", text: (value / 100).toFixed(2) };
  return { kind: "number", value };
}

/** The cell as CSV has it: nothing that a spreadsheet would run. */
export function csvCell(cell: Cell): string {
  if (cell.kind === "number") return `${cell.value}`;
  return cell.kind === "text" ? harmless(cell.text) : cell.text;
}

function textOf(value: unknown, language: Language): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return (value ? yes : no)[language];
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((each) => textOf(each, language)).join(language === "zh" ? "、" : ", ");
  if (typeof value !== "object") return `${value as string | number}`;
  const { name, [language]: said = name } = value as { name?: string; zh?: string; en?: string };
  return said ?? JSON.stringify(value);
}
