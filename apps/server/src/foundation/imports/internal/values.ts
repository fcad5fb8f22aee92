import { instantOf } from "@zhanggui/kit/contract/day";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import { harmless } from "@zhanggui/kit/server/csv";
import type { ImportColumn } from "@zhanggui/kit/server/http/imported-rows";
import { isEmptyCell, type RawCell } from "./raw-rows.ts";

/** What a cell says to a field; nothing, if it is empty. */
export type Value = { readonly value: unknown } | { readonly error: LocalizedText };

const yes = new Set(["是", "yes", "y", "true", "1", "√", "✓", "对", "有", "on"]);
const no = new Set(["否", "no", "n", "false", "0", "×", "✗", "错", "无", "off"]);

/** Full-width letters and digits as people type them, without what stands around. */
export function plain(text: string): string {
  return text.normalize("NFKC").trim();
}

/** As it was typed: what an export put before a formula, so that nothing runs it, goes again. */
function typed(cell: RawCell): string {
  const text = String(cell).trim();
  const bare = text.slice(1);
  return text.startsWith("'") && harmless(bare) === text ? bare : text;
}

/**
 * Reads a cell as its column's kind: what the route's body then makes of it is the same as if somebody had typed it.
 *
 * @param zone whose clock the file's times are of
 */
export function valueOf(cell: RawCell, column: ImportColumn, zone: string): Value | undefined {
  if (isEmptyCell(cell)) return undefined;
  if (!column.isList) return single(cell, column, zone);
  const pieces = typed(cell)
    .split(/[、,，;；\n]/)
    .map((piece) => piece.trim());
  const values = [...new Set(pieces)].filter(Boolean).map((piece) => single(piece, column, zone));
  const wrong = values.find((each) => "error" in each);
  return wrong ?? { value: values.map((each) => ("value" in each ? each.value : undefined)) };
}

function single(cell: RawCell, column: ImportColumn, zone: string): Value {
  const text = typed(cell);
  const { kind, choices = {}, values } = column;
  if (values.length > 0 || Object.keys(choices).length > 0) return choiceOf(text, column);
  if (kind === "yesNo") return yesNo(text);
  if (kind === "money") return money(text);
  if (kind === "number" || kind === "count" || kind === "counted") return number(text);
  if (kind === "instant") return time(text, zone);
  if (kind === "day") return day(text);
  // People write phone numbers in groups.
  if (kind === "phone") return { value: plain(text).replaceAll(/(?<=[\d+)])[\s\-()]+(?=[\d(])|^\(/g, "") };
  return { value: text };
}

function choiceOf(text: string, { kind, choices = {}, values }: ImportColumn): Value {
  const wanted = plain(text).toLowerCase();
  const keys = values.length > 0 ? values.map(String) : Object.keys(choices);
  const named = (key: string): readonly string[] => [key, choices[key]?.zh ?? key, choices[key]?.en ?? key];
  const found = keys.find((key) => named(key).some((name) => plain(name).toLowerCase() === wanted));
  if (found === undefined && kind === "yesNo") return yesNo(text);
  if (found === undefined) {
    const known = (language: "zh" | "en") => keys.map((key) => choices[key]?.[language] ?? key);
    return {
      error: {
        zh: `没有“${shown(text)}”这一项，可以是：${known("zh").join("、")}`,
        en: `“${shown(text)}” isn't one of: ${known("en").join(", ")}`,
      },
    };
  }
  if (kind === "yesNo") return { value: found === "true" };
  return { value: values.find((value) => String(value) === found) ?? found };
}

function yesNo(text: string): Value {
  const wanted = plain(text).toLowerCase();
  if (yes.has(wanted)) return { value: true };
  if (no.has(wanted)) return { value: false };
  return { error: { zh: `请填“是”或“否”，而不是“${shown(text)}”`, en: `Say yes or no, not “${shown(text)}”` } };
}

/** With or without thousands parted. */
const decimal = /^[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i;

function number(text: string): Value {
  const bare = plain(text);
  if (!decimal.test(bare)) return { error: { zh: `“${shown(text)}”不是数字`, en: `“${shown(text)}” is no number` } };
  return { value: Number(bare.replaceAll(",", "")) };
}

/** In yuan, as people write it; kept in fen. */
function money(text: string): Value {
  const bare = plain(text).replace(/^[¥￥]\s*|\s*元$/g, "");
  const yuan = decimal.test(bare) ? Number(bare.replaceAll(",", "")) : NaN;
  const fen = Math.round(yuan * 100);
  // A sheet's numbers are binary: a thousandth of a fen is none.
  if (!Number.isSafeInteger(fen) || Math.abs(yuan * 100 - fen) > 1e-3)
    return {
      error: { zh: `“${shown(text)}”不是金额（元，最多两位小数）`, en: `“${shown(text)}” is no amount in yuan` },
    };
  return { value: fen };
}

const dayForm = /^(\d{4})(?:-|\/|\.|年)(\d{1,2})(?:-|\/|\.|月)(\d{1,2})日?$/;
const timeForm = /^(\d{4}(?:-|\/|\.|年)\d{1,2}(?:-|\/|\.|月)\d{1,2}日?)[ T]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$/;

/** `YYYY-MM-DD`; undefined for what is no day. */
function isoDay(text: string): string | undefined {
  const [, year = "", month = "", date = ""] = dayForm.exec(text) ?? [];
  const iso = `${year}-${month.padStart(2, "0")}-${date.padStart(2, "0")}`;
  const at = Date.parse(`${iso}T00:00:00Z`);
  // 31 February would be one in March.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(iso) ? iso : undefined;
}

function day(text: string): Value {
  const found = isoDay(plain(text)) ?? isoDay(timeForm.exec(plain(text))?.[1] ?? "");
  return found === undefined ? noTime(text, "2026-11-24") : { value: found };
}

function time(text: string, zone: string): Value {
  const bare = plain(text);
  // As programs write it, it says itself whose clock it is of.
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(bare) && !Number.isNaN(Date.parse(bare)))
    return { value: new Date(Date.parse(bare)).toISOString() };
  const [, days = bare, hours = "0", minutes = "00", seconds = "00"] = timeForm.exec(bare) ?? [];
  const found = isoDay(days);
  if (found === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59)
    return noTime(text, "2026-11-24 20:30");
  return { value: instantOf(`${found}T${hours.padStart(2, "0")}:${minutes}:${seconds}`, zone).toISOString() };
}

function noTime(text: string, example: string): Value {
  return {
    error: {
      zh: `“${shown(text)}”不是日期，请写成 ${example}`,
      en: `“${shown(text)}” is no date: write it like ${example}`,
    },
  };
}

/** A cell may hold a page. */
function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
