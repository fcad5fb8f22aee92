import type { View as ViewSchema } from "@zhanggui/server/foundation/views/views.contract";
import { type ShallowRef, shallowRef } from "vue";
import type { z } from "zod";
import { api } from "../common/api.ts";
import { signedIn } from "../common/signed-in.ts";

export type View = z.output<typeof ViewSchema>;

/** The views of one list: undefined until they were asked for. */
export interface ListViews {
  readonly all: ShallowRef<readonly View[] | undefined>;
  readonly load: () => Promise<readonly View[]>;
  /** Whether one of them opened the list the last time that they were read on this device. */
  readonly isExpected: () => boolean;
}

/** By account and list: who signs in after somebody else finds nothing of theirs. */
const known = new Map<string, ListViews>();

export function viewsOf(list: string): ListViews {
  const key = `${signedIn.me?.account.id ?? ""}.${list}`;
  const found = known.get(key) ?? listViews(list, `zhanggui.opens.${key}`);
  known.set(key, found);
  return found;
}

function listViews(list: string, opensKey: string): ListViews {
  const all = shallowRef<readonly View[]>();
  const load = async (): Promise<readonly View[]> => {
    const { items } = await api.views.list({ list });
    if (items.some(({ opens }) => opens)) localStorage.setItem(opensKey, "");
    else localStorage.removeItem(opensKey);
    all.value = items;
    return items;
  };
  return { all, load, isExpected: () => localStorage.getItem(opensKey) !== null };
}
