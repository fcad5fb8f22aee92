import { type AnyOf, type Permission, permissionsOf } from "@zhanggui/kit/contract/permission";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { IconName } from "../common/icons.ts";
import { menuGroups } from "../common/pages.ts";
import { pages } from "../pages.ts";

export interface MenuItem {
  readonly route: string;
  readonly label: LocalizedText;
  readonly icon: IconName;
  readonly needs: Permission | AnyOf | undefined;
}
export interface MenuGroup {
  /** The key of its name. */
  readonly label: string;
  readonly items: readonly MenuItem[];
}

export const menu: readonly MenuGroup[] = menuGroups.map((group) => ({
  label: `shell.groups.${group}`,
  items: pages
    .flatMap(({ name, title, needs, menu: place }) =>
      place?.group === group ? [{ route: name, label: title, icon: place.icon, needs, order: place.order }] : [],
    )
    .toSorted((a, b) => a.order - b.order),
}));

/** The menu of an account with these permission codes; a group without items is left out. */
export function menuFor(permissions: readonly string[]): MenuGroup[] {
  return menu
    .map(({ label, items }) => ({
      label,
      items: items.filter(
        ({ needs }) => needs === undefined || permissionsOf(needs).some(({ code }) => permissions.includes(code)),
      ),
    }))
    .filter(({ items }) => items.length > 0);
}
