import type { Arguments, Call } from "@zhanggui/kit/contract/client";
import type { ListRoute } from "@zhanggui/kit/contract/list";

type Row<R extends ListRoute> = Awaited<ReturnType<Call<R>>> extends { items: readonly (infer Each)[] } ? Each : never;
/** As many as a page may have, and as many as anybody looks through. */
export const pageSize = 200;
const mostPages = 10;
/** A list that is as long may go on. */
export const mostListed = pageSize * mostPages;

/**
 * The rows of a list for what somebody chooses among: of tags and the like there are hundreds, not millions. Of more
 * than that the first ones; the others are found by what is typed (`search`).
 *
 * @param fixed what the list is of, and what it is narrowed by
 */
export async function allOf<R extends ListRoute>(
  call: Call<R>,
  signal: AbortSignal,
  fixed: Partial<Arguments<R>> = {},
  pages = mostPages,
): Promise<Row<R>[]> {
  const ask = call as unknown as (
    query: object,
    options: { readonly signal: AbortSignal },
  ) => Promise<{ readonly items: readonly Row<R>[]; readonly next: string | null }>;
  const all: Row<R>[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const { items, next } = await ask(
      { ...fixed, limit: pageSize, ...(cursor === null ? {} : { cursor }) },
      { signal },
    );
    all.push(...items);
    if (next === null) break;
    cursor = next;
  }
  return all;
}

/** What is typed, as lists take it. */
export function searched(asked: { readonly search?: string } | undefined): { search?: string } {
  const search = asked?.search?.trim() ?? "";
  return search === "" ? {} : { search };
}
