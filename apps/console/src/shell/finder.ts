import type { Call } from "@zhanggui/kit/contract/client";
import { type Permission, permissionsOf } from "@zhanggui/kit/contract/permission";
import type { Route } from "@zhanggui/kit/contract/route";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { RouteLocationRaw } from "vue-router";
import type { IconName } from "../common/icons.ts";
import { can } from "../common/signed-in.ts";

/** Something that the palette finds. */
export interface Hit {
  readonly id: string;
  readonly group: LocalizedText;
  readonly label: string;
  readonly note?: string;
  readonly icon: IconName;
  /** Where it leads, or what it does. */
  readonly to: RouteLocationRaw | (() => void);
}

/** What a module finds by name: `<module>.finders.ts` lists its own, and is loaded when the palette first opens. */
export interface Finder {
  readonly id: string;
  readonly needs: readonly Permission[];
  /** True: the server looks for what was typed. False: everything is loaded once, and looked through here. */
  readonly searches: boolean;
  readonly find: (search: string, signal: AbortSignal) => Promise<readonly Hit[]>;
}

type Row<R extends Route> = Awaited<ReturnType<Call<R>>> extends { items: readonly (infer Each)[] } ? Each : never;

/** How many things of one sort the palette shows of what a server found. */
const shownOfEach = 6;

/** Finds the rows of a list. @param searches whether its route takes a `search` */
export function finds<R extends Route>(
  call: Call<R>,
  {
    hit,
    searches = false,
    ...about
  }: {
    readonly group: LocalizedText;
    readonly icon: IconName;
    readonly searches?: boolean;
    readonly hit: (row: Row<R>) => Pick<Hit, "label" | "note" | "to">;
  },
): Finder {
  const ask = call as unknown as (
    query: object,
    options: { readonly signal: AbortSignal },
  ) => Promise<{ readonly items: readonly (Row<R> & { readonly id: string })[] }>;
  return {
    id: call.route.id,
    needs: permissionsOf(call.route.access),
    searches,
    find: async (search, signal) => {
      const { items } = await ask(searches ? { search, limit: shownOfEach } : { limit: 200 }, { signal });
      return items.map((row) => ({ id: `${call.route.id}-${row.id}`, ...about, ...hit(row) }));
    },
  };
}

const found = import.meta.glob<{ readonly finders: readonly Finder[] }>("../*/*.finders.ts");

/** The finders of all modules that the account may use. */
export async function loadFinders(): Promise<readonly Finder[]> {
  const modules = await Promise.all(Object.values(found).map((load) => load()));
  return modules.flatMap(({ finders }) => finders).filter(({ needs }) => needs.every(can));
}
