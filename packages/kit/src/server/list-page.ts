import { channel } from "node:diagnostics_channel";
import { sql, type SelectQueryBuilder } from "kysely";
import { z } from "zod";
import type { Fault } from "../contract/fault.ts";
import { invalidInput } from "../contract/faults.ts";
import type { PageOf } from "../contract/page.ts";

/** Each query of a list as it is compiled: for the test that asks which index serves it. */
export const listQueries = channel("zhanggui.list-query");

export interface Sorting {
  /** As the query names it: a cursor is of one order. */
  readonly sort: string;
  readonly column: string;
  readonly isDescending: boolean;
  readonly isNullable: boolean;
  readonly isUnindexed: boolean;
}

// oxlint-disable-next-line no-explicit-any -- whatever tables it is of
type Items = SelectQueryBuilder<any, "item", object>;

/** Where a page ended: its order, the sorting column's value as PostgreSQL writes it, and the id among equals. */
const Cursor = z.tuple([z.string(), z.string().nullable(), z.uuid()]);
type Cursor = z.output<typeof Cursor>;

/**
 * One page of `item`s by keyset: as fast at the millionth row as at the first, and rows that come or go meanwhile
 * neither repeat nor skip others. Values keep all of their digits: cut to milliseconds, a page would begin before
 * where the last one ended.
 *
 * Nulls are the largest, as in PostgreSQL's indexes, and make a run of their own: one index serves both directions.
 *
 * @throws Fault `kit.invalid_input` for a cursor that isn't of this list or of this order
 */
export async function readSorted<Row extends object>(
  query: Items,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  sorting: Sorting,
): Promise<PageOf<Row>> {
  const after = cursor === undefined ? undefined : readCursor(cursor, sorting);
  const rows: (Row & Kept)[] = [];
  for (const run of runsOf(sorting, after)) {
    const wanted = limit + 1 - rows.length;
    if (wanted === 0) break;
    const page = runQuery(query, sorting, run, after).limit(wanted);
    if (listQueries.hasSubscribers) listQueries.publish(page.compile());
    rows.push(...((await page.execute().catch(refuseValue(after))) as (Row & Kept)[]));
  }
  const last = rows[limit - 1];
  const next =
    rows.length > limit && last !== undefined ? cursorOf([sorting.sort, last.cursorValue, last.cursorId]) : null;
  const items = rows.slice(0, limit).map(({ cursorValue: _value, cursorId: _id, ...row }) => row as unknown as Row);
  return { items, next };
}

interface Kept {
  readonly cursorValue: string | null;
  readonly cursorId: string;
}
type Run = "all" | "nulls" | "values";

function runsOf({ isNullable, isDescending }: Sorting, after: Cursor | undefined): Run[] {
  if (!isNullable) return ["all"];
  const runs: Run[] = isDescending ? ["nulls", "values"] : ["values", "nulls"];
  if (after === undefined) return runs;
  return runs.slice(runs.indexOf(after[1] === null ? "nulls" : "values"));
}

function runQuery(query: Items, sorting: Sorting, run: Run, after: Cursor | undefined) {
  const { column, isDescending } = sorting;
  const [value, id] = [sql.ref(`item.${column}`), sql.ref("item.id")];
  const keys = column === "id" || run === "nulls" ? [id] : [value, id];
  let page = query
    .selectAll("item")
    .select([sql<string | null>`${value}::text`.as("cursorValue"), sql<string>`${id}`.as("cursorId")]);
  for (const key of keys) page = page.orderBy(key, isDescending ? "desc" : "asc");
  if (run !== "all") page = page.where(sql<boolean>`${value} IS ${run === "nulls" ? sql`NULL` : sql`NOT NULL`}`);
  // A run that begins where the one before ended begins at its start.
  if (after === undefined || (run !== "all" && (after[1] === null) !== (run === "nulls"))) return page;
  const bounds = keys.length === 1 ? [after[2]] : [after[1], after[2]];
  const beyond = isDescending ? sql`<` : sql`>`;
  // Once more, of the value alone: where a join brings it, its table's index is entered there instead of read so far.
  if (keys.length > 1) page = page.where(sql<boolean>`${value} ${beyond}= ${after[1]}`);
  return page.where(sql<boolean>`(${sql.join(keys)}) ${beyond} (${sql.join(bounds)})`);
}

function cursorOf(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

function readCursor(text: string, { sort }: Sorting): Cursor {
  const read = Cursor.safeParse(parsed(Buffer.from(text, "base64url").toString()));
  if (read.success && read.data[0] === sort) return read.data;
  throw badCursor();
}

function badCursor(): Fault {
  return invalidInput({ errors: [{ field: "cursor", message: "not a cursor of this list in this order" }] });
}

/** Whoever made a cursor up may have put in a value that is none of its column (SQLSTATE class 22). */
function refuseValue(after: Cursor | undefined) {
  return (error: unknown): never => {
    if (after !== undefined && error instanceof Error && "code" in error && String(error.code).startsWith("22"))
      throw badCursor();
    throw error;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
