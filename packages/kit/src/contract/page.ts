import { z } from "zod";
import { countLimit } from "./count-limit.ts";

/**
 * A list comes page by page: `cursor` is where the last page ended. Lists are newest first unless they say otherwise.
 */
export const PageQuery = z.object({
  cursor: z.string().max(4000).optional().meta({ description: "`next` of the page before" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type PageQuery = z.output<typeof PageQuery>;

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
