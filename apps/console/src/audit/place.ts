import type { RouteLocationRaw } from "vue-router";
import type { Page } from "../common/pages.ts";

/**
 * Where a thing is seen, by the page of its list: its own page below that one, or else the list, narrowed to what it is
 * called. Undefined where neither would show it.
 */
export function placeOf(
  { thingId, title }: { readonly thingId: string; readonly title: string },
  list: string | null | undefined,
  pages: readonly Page[],
): RouteLocationRaw | undefined {
  const page = pages.find((each) => each.list !== undefined && each.list === list);
  if (page === undefined) return undefined;
  const own = pages.find(({ path }) => path.startsWith(`${page.path}/:`) && path.split("/:").length === 2);
  const param = /:(\w+)$/.exec(own?.path ?? "")?.[1];
  if (own !== undefined && param !== undefined) return { name: own.name, params: { [param]: thingId } };
  return title === "" ? undefined : { name: page.name, query: { search: title } };
}
