import type { Arguments, Call } from "@zhanggui/kit/contract/client";
import type { ListRoute } from "@zhanggui/kit/contract/list";

type Row<R extends ListRoute> = Awaited<ReturnType<Call<R>>> extends { items: readonly (infer Each)[] } ? Each : never;
/** As many as a page may have, and as many as anybody looks through. */
const limit = 200;
const mostPages = 10;

/**
 * All rows of a list, for what somebody chooses among: of tags and the like there are hundreds, not millions.
 *
 * @param fixed what the list is of, and what it is narrowed by
 */
export async function allOf<R extends ListRoute>(
  call: Call<R>,
  signal: AbortSignal,
  fixed: Partial<Arguments<R>> = {},
): Promise<Row<R>[]> {
  const ask = call as unknown as (
    query: object,
    options: { readonly signal: AbortSignal },
  ) => Promise<{ readonly items: readonly Row<R>[]; readonly next: string | null }>;
  const all: Row<R>[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < mostPages; page += 1) {
    const { items, next } = await ask({ ...fixed, limit, ...(cursor === null ? {} : { cursor }) }, { signal });
    all.push(...items);
    if (next === null) break;
    cursor = next;
  }
  return all;
}
