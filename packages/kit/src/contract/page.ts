import { z } from "zod";
import { invalidInput } from "./faults.ts";

/**
 * A list comes page by page: `cursor` is where the last page ended. Lists are newest first unless they say otherwise.
 */
export const PageQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type PageQuery = z.output<typeof PageQuery>;

/** Lists are counted up to here: whoever needs to know that there are more doesn't need to know how many. */
export const countLimit = 1_000;

/** How many rows match, up to one more than `countLimit`, which then stands for all that is more. */
export const Total = z
  .int()
  .max(countLimit + 1)
  .meta({ description: `Counted up to ${countLimit}; ${countLimit + 1} means more` });

/** One page of `item`, and where the next one starts; `next` is null on the last page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export interface PageOf<Item> {
  items: Item[];
  next: string | null;
}

/** Where a list sorted by id ends: the last id. */
export const IdCursor = z.tuple([z.uuid()]);
/** Where a list sorted by time and id ends. */
export const TimeCursor = z.tuple([z.iso.datetime(), z.uuid()]);

/**
 * What a cursor stands for; undefined for the first page.
 *
 * @throws Fault `kit.invalid_input` for anything that `toPage` didn't write for such a list
 */
export function readCursor<Parts>(cursor: string | undefined, parts: z.ZodType<Parts>): Parts | undefined {
  if (cursor === undefined) return undefined;
  const read = parts.safeParse(cursor.split(" "));
  if (!read.success) throw invalidInput({ errors: [{ field: "cursor", message: "not a cursor of this list" }] });
  return read.data;
}

/** Makes a page of rows that were fetched with one more than `limit`. `cursorOf` gives what `readCursor` will read. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => readonly (string | Date)[],
  toItem: (row: Row) => Item,
): PageOf<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? cursorOf(last).map(textOf).join(" ") : null;
  return { items: shown.map(toItem), next };
}

function textOf(part: string | Date): string {
  return part instanceof Date ? part.toISOString() : part;
}
