import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import type { StreamOut } from "../../contract/body.ts";
import { defaultZone } from "../../contract/business-day.ts";
import { exportFormatOf, exportTypes, fileEnding, straightRows } from "../../contract/export-format.ts";
import { exportTooLong, notFound } from "../../contract/faults.ts";
import type { FieldInfo } from "../../contract/field.ts";
import type { ListInfo } from "../../contract/list-info.ts";
import type { Route } from "../../contract/route.ts";
import type { Ctx } from "../ctx.ts";
import type { Entitled } from "../data-scope.ts";
import { ExportWriter } from "../export/writer.ts";
import { demandAccess, readPart } from "./asked-before.ts";
import { assertListFields, hideFields } from "./field-rights.ts";
import { languageOfRequest } from "./send-problem.ts";

/** Rows of one query: enough that the way to the database hardly counts, few enough to hold. */
export const rowsAtOnce = 500;

type Row = Readonly<Record<string, unknown>>;
type Query = Row & { readonly columns?: readonly string[]; readonly zone?: string };
type Read = (query: Query) => Promise<unknown>;
export interface RowPage {
  readonly items: readonly Row[];
  readonly next: string | null;
  /** Of the first page. */
  readonly total?: number;
}
type ListRoute = Route & { readonly list: ListInfo };

/** A list that is asked for as it was asked before, by whoever may by now. */
export interface ListAsked {
  readonly params: Row;
  readonly query: Row;
}

/** Whether the caller asks a list for a file instead of a page. */
export function isExport(route: Route, { headers }: FastifyRequest): boolean {
  return route.list !== undefined && exportFormatOf(headers.accept) !== undefined;
}

/**
 * Everything that a list's query matches as a file, page after page: CSV (RFC 4180) or a workbook.
 *
 * The first page is read before anything is sent: what is refused is answered as a refusal. Rows come in the order in
 * which they were made, the newest first: in an order that changes meanwhile, who moves would be in no page.
 *
 * @throws Fault `kit.export_too_long` for more rows than a caller is to wait for
 */
export async function exportOf(
  route: Route,
  query: Query,
  read: Read,
  request: FastifyRequest,
  reader: Entitled,
): Promise<StreamOut> {
  const list = route.list as ListInfo;
  const format = exportFormatOf(request.headers.accept) ?? "csv";
  const page = (cursor?: string): Promise<RowPage> => readPage(route, query, cursor, read, reader);
  const first = await page();
  if ((first.total ?? 0) > straightRows) throw exportTooLong({ limit: straightRows });
  const language = languageOfRequest(request);
  const name = language === "zh" ? list.noun.zh : list.noun.plural;
  const columns = columnsOf(list, query.columns, reader);
  const writer = new ExportWriter({ format, columns, language, zone: query.zone ?? defaultZone, name });
  const chunks = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (let { items, next } = first; ; { items, next } = await page(next)) {
      yield writer.page(items);
      if (next === null) return;
    }
  };
  // The head of a workbook says how large everything in it is: so few rows fit into memory.
  const stream = format === "xlsx" ? writer.file(await Array.fromAsync(chunks())) : chunks();
  return { contentType: exportTypes[format], fileName: `${name}.${fileEnding(format)}`, stream };
}

/**
 * The columns of a file in their order, those that aren't hidden unless they are chosen: not even the head of one that
 * the reader may not see.
 */
export function columnsOf(
  { fields }: ListInfo,
  chosen: readonly string[] | undefined,
  { permissions }: Entitled,
): FieldInfo[] {
  const wanted =
    chosen === undefined
      ? fields.filter(({ hidden }) => hidden !== true)
      : chosen.flatMap((name) => fields.find((field) => field.name === name) ?? []);
  return wanted.filter(({ readBy }) => readBy === undefined || permissions.has(readBy));
}

/** Reads a page for the rows of a file, without what the reader may not see. */
async function readPage(
  { reply }: Route,
  query: Query,
  cursor: string | undefined,
  read: Read,
  reader: Entitled,
): Promise<RowPage> {
  const shape = reply as z.ZodType;
  const page = await shape.parseAsync(await read({ ...query, sort: "-id", limit: rowsAtOnce, cursor }));
  return hideFields(shape, page as RowPage, reader);
}

/**
 * A page of a list that was asked for before, as its ctx's actor may read it now.
 *
 * @throws Fault `kit.not_found` for a list that isn't there any more; `kit.forbidden`; `kit.invalid_input` for a query
 *   that it takes no more
 */
export async function pageAgain(
  ctx: Ctx,
  route: Route | undefined,
  handler: ((ctx: Ctx, input: never) => unknown) | undefined,
  asked: ListAsked,
  cursor?: string,
): Promise<RowPage> {
  if (route === undefined || handler === undefined || !isList(route)) throw notFound();
  const query = queryAgain(route, asked, ctx.actor);
  return readPage(route, query, cursor, async (query) => handler(ctx, query as never), ctx.actor);
}

/** @throws Fault as `pageAgain` does */
export function queryAgain(route: ListRoute, { params, query }: ListAsked, actor: Entitled): Row {
  demandAccess(route, actor);
  const { cursor: _, limit: _limit, ...narrowing } = query;
  const read = { ...readPart(route.params, params), ...readPart(route.query, narrowing) };
  assertListFields(route.list, read, actor);
  return read;
}

export function isList(route: Route): route is ListRoute {
  return route.list !== undefined;
}
