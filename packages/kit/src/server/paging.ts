import { sql, type SelectQueryBuilder } from "kysely";
import { z } from "zod";
import { invalidInput } from "../contract/faults.ts";
import { countLimit } from "../contract/count-limit.ts";
import type { PageOf, PageQuery } from "../contract/page.ts";
import type { Ctx } from "./ctx.ts";

/** What a list is sorted by, descending, and what its cursors hold. Together the keys are unique. */
export interface Keyset {
  readonly keys: readonly string[];
  readonly shape: z.ZodType<readonly string[]>;
}

/** Ids rise with time. */
export const newestFirst: Keyset = { keys: ["id"], shape: z.tuple([z.uuid()]) };

/** By a column that holds an instant, and by id among equals. */
export function latestFirst(column: string): Keyset {
  return { keys: [column, "id"], shape: z.tuple([z.iso.datetime(), z.uuid()]) };
}

/**
 * One page of a query, by keyset: as fast at the millionth row as at the first, and rows that come or go in between
 * neither repeat nor skip others. The query selects the keys.
 *
 * @throws Fault `kit.invalid_input` for a cursor that isn't of this list
 */
export async function readPage<Db, Table extends keyof Db, Row extends object>(
  query: SelectQueryBuilder<Db, Table, Row>,
  { cursor, limit }: PageQuery,
  { keys, shape }: Keyset = newestFirst,
): Promise<PageOf<Row>> {
  const columns = keys.map((key) => sql.ref(key));
  let page = query.limit(limit + 1);
  for (const column of columns) page = page.orderBy(column, "desc");
  const after = readCursor(cursor, shape);
  if (after !== undefined) page = page.where(sql<boolean>`(${sql.join(columns)}) < (${sql.join(after)})`);
  const rows = (await page.execute()) as Row[];
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursorOf(last, keys) : null };
}

/** How many rows a query has, counted up to one more than `countLimit`: a count of all would read them all. */
export async function totalOf<Db, Table extends keyof Db>(
  ctx: Ctx,
  query: SelectQueryBuilder<Db, Table, object>,
): Promise<number> {
  const some = query.select(sql.lit(1).as("one")).limit(countLimit + 1);
  const { rows } = await sql<{ total: number }>`SELECT count(*) AS total FROM (${some}) AS found`.execute(ctx.db);
  return rows[0]?.total ?? 0;
}

/** What a cursor stands for; undefined for the first page. */
function readCursor(cursor: string | undefined, shape: Keyset["shape"]): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const read = shape.safeParse(cursor.split(" "));
  if (!read.success) throw invalidInput({ errors: [{ field: "cursor", message: "not a cursor of this list" }] });
  return read.data;
}

function cursorOf(row: object, keys: readonly string[]): string {
  const values = keys.map((key) => {
    const value: unknown = Reflect.get(row, key.slice(key.lastIndexOf(".") + 1));
    if (value instanceof Date) return value.toISOString();
    if (typeof value !== "string") throw new Error(`the query doesn't select its key ${key}`);
    return value;
  });
  return values.join(" ");
}
