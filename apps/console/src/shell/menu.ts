import { type AnyOf, type Permission, permissionsOf } from "@zhanggui/kit/contract/permission";
import type { LocalizedText } from "@zhanggui/kit/contract/text";
import type { IconName } from "../common/icons.ts";
import { menuGroups } from "../common/pages.ts";
import { pages } from "../pages.ts";

/** Details belong to the page of their list. */
const parents: Readonly<Record<string, string>> = {
  person: "people",
  delivery: "deliveries",
  conversation: "conversations",
  "form-design": "forms",
  "form-fill": "forms",
  "form-versions": "forms",
  "form-answers": "forms",
  "form-answer": "forms",
  "webhook-deliveries": "webhooks",
};

/**
 * Which page of the menu one is at.
 *
 * @param from the page that one came from: a trace is a detail of whatever led to it, or else of the log
 */
export function placeInMenu(page: string, from?: string): string {
  if (page !== "trace") return parents[page] ?? page;
  const place = from === undefined ? "trace" : placeInMenu(from);
  return pages.some(({ name, menu }) => name === place && menu !== undefined) ? place : "logs";
}

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
