import type { AnyOf, Permission } from "@zhanggui/kit/contract/permission";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { RouteComponent } from "vue-router";
import type { IconName } from "./icons.ts";

/** The menu's groups, by what people come to do, the most frequent first. */
export const menuGroups = ["people", "messages", "growth", "connect", "insight", "settings"] as const;
export type MenuGroupName = (typeof menuGroups)[number];

/** A page of the console. A module lists its own in `<module>.pages.ts`, which is found by its name. */
export interface Page {
  readonly path: string;
  readonly name: string;
  readonly view: () => Promise<{ readonly default: RouteComponent }>;
  /** What the account must be allowed to do. */
  readonly needs?: Permission | AnyOf;
  readonly title: LocalizedText;
  /** The route of the list that it shows: where a saved view of that list leads. */
  readonly list?: string;
  /** What can be made here: the palette opens the page's form. */
  readonly creates?: { readonly label: LocalizedText; readonly needs: Permission };
  readonly menu?: { readonly group: MenuGroupName; readonly order: number; readonly icon: IconName };
}
