import { z } from "zod";

/**
 * A list comes page by page: `cursor` is where the last page ended. Lists are newest first unless they say otherwise.
 */
export const PageQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type PageQuery = z.output<typeof PageQuery>;

/** One page of `item`, and where the next one starts; `next` is null on the last page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export interface PageOf<Item> {
  items: Item[];
  next: string | null;
}

/** Makes a page of rows that were fetched with one more than `limit`. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  toItem: (row: Row) => Item,
): PageOf<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), next: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}
