import type { ImportTarget } from "@zhanggui/server/foundation/imports/imports.contract";
import type { z } from "zod";
import { api } from "../common/api.ts";
import { pages } from "../pages.ts";

export type Target = z.output<typeof ImportTarget>;
export type Import = Awaited<ReturnType<typeof api.imports.get>>;

/** Where the rows go; undefined where one may not, or no longer. */
export async function targetNamed(id: string, signal: AbortSignal): Promise<Target | undefined> {
  const { items } = await api.imports.listTargets({}, { signal });
  return items.find((target) => target.id === id);
}

/** The page of the list that rows are imported into. */
export function pageOf(list: string): { readonly name: string } | undefined {
  const page = pages.find((each) => each.list === list);
  return page && { name: page.name };
}
