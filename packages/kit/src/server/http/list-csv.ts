import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import type { StreamOut } from "../../contract/body.ts";
import { countLimit } from "../../contract/count-limit.ts";
import type { FieldInfo } from "../../contract/field.ts";
import type { ListInfo } from "../../contract/list-info.ts";
import type { Route } from "../../contract/route.ts";
import type { Language } from "../../contract/text.ts";
import { byteOrderMark, csvLine, csvTime, harmless } from "../csv.ts";
import type { Entitled } from "../data-scope.ts";
import { defaultZone } from "../../contract/business-day.ts";
import { languageOfRequest } from "./send-problem.ts";

/** Rows of one query: enough that the way to the database hardly counts, few enough to hold. */
const rowsAtOnce = 500;

type Row = Readonly<Record<string, unknown>>;
type Query = Row & { readonly columns?: readonly string[]; readonly zone?: string };
type Read = (query: Query) => Promise<unknown>;

/** Whether the caller asks a list for a file instead of a page. */
export function isExport(route: Route, { headers }: FastifyRequest): boolean {
  return route.list !== undefined && /^\s*text\/csv\s*(?:[;,]|$)/i.test(headers.accept ?? "");
}

/**
 * Everything that a list's query matches as CSV (RFC 4180), page after page, so that no list is too long for memory.
 *
 * The first page is read before anything is sent: what is refused is answered as a refusal. Rows come in the order in
 * which they were made, the newest first: in an order that changes meanwhile, who moves would be in no page.
 */
export async function exportOf(
  route: Route,
  query: Query,
  read: Read,
  request: FastifyRequest,
  reader: Entitled,
): Promise<StreamOut> {
  const list = route.list as ListInfo;
  const page = async (cursor?: string) =>
    (await (route.reply as z.ZodType).parseAsync(await read({ ...query, sort: "-id", limit: rowsAtOnce, cursor }))) as {
      items: Row[];
      next: string | null;
    };
  const first = await page();
  const language = languageOfRequest(request);
  // Not even the head of a column that is empty for whoever asks.
  const columns = columnsOf(list, query.columns).filter(
    ({ readBy }) => readBy === undefined || reader.permissions.has(readBy),
  );
  const lineOf = (row: Row): string => csvLine(columns.map((info) => cell(info, row[info.name], language, query.zone)));
  const lines = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from(byteOrderMark + csvLine(columns.map(({ label }) => label[language])));
    for (let { items, next } = first; ; { items, next } = await page(next)) {
      yield Buffer.from(items.map(lineOf).join(""));
      if (next === null) return;
    }
  };
  const fileName = `${language === "zh" ? list.noun.zh : list.noun.plural}.csv`;
  return { contentType: "text/csv; charset=utf-8", fileName, stream: lines() };
}

function columnsOf({ fields }: ListInfo, chosen: readonly string[] | undefined): readonly FieldInfo[] {
  if (chosen === undefined) return fields.filter(({ hidden }) => hidden !== true);
  return chosen.flatMap((name) => fields.find((field) => field.name === name) ?? []);
}

const yes = { zh: "是", en: "yes" };
const no = { zh: "否", en: "no" };

function cell(info: FieldInfo, value: unknown, language: Language, zone = defaultZone): string {
  const text = textOf(value, language);
  const key = `${value as string}`;
  const { choices = {} } = info;
  if (Object.hasOwn(choices, key)) return choices[key]?.[language] ?? text;
  if (info.kind === "instant" && text !== "") return csvTime(new Date(text), zone);
  if (info.kind === "counted" && typeof value === "number" && value > countLimit) return `${countLimit}+`;
  if (info.kind === "money" && typeof value === "number") return (value / 100).toFixed(2);
  return typeof value === "number" ? text : harmless(text);
}

function textOf(value: unknown, language: Language): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return (value ? yes : no)[language];
  if (Array.isArray(value)) return value.map((each) => textOf(each, language)).join(language === "zh" ? "、" : ", ");
  if (typeof value !== "object") return `${value as string | number}`;
  const { name, [language]: said = name } = value as { name?: string; zh?: string; en?: string };
  return said ?? JSON.stringify(value);
}
