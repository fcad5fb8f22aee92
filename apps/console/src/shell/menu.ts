import { audienceRead } from "@zhanggui/server/engines/audience/audience.contract";
import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import { messagingRead } from "@zhanggui/server/engines/messaging/messaging.contract";
import { eventsRead } from "@zhanggui/server/foundation/events/events.contract";
import { settingsRead } from "@zhanggui/server/foundation/settings/settings.contract";
import type { Permission } from "@zhanggui/kit/contract/permission";
import type { IconName } from "../common/icons.ts";

export interface MenuItem {
  readonly route: string;
  /** The key of its name. */
  readonly label: string;
  readonly icon: IconName;
  readonly needs: Permission;
}
export interface MenuGroup {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

/** By what people come to do, the most frequent first. */
export const menu: readonly MenuGroup[] = [
  {
    label: "shell.groups.people",
    items: [{ route: "people", label: "shell.pages.people", icon: "people", needs: audienceRead }],
  },
  {
    label: "shell.groups.messages",
    items: [
      { route: "deliveries", label: "shell.pages.deliveries", icon: "send", needs: messagingRead },
      { route: "rules", label: "shell.pages.rules", icon: "reply", needs: messagingRead },
      { route: "scenes", label: "shell.pages.scenes", icon: "scene", needs: messagingRead },
    ],
  },
  {
    label: "shell.groups.growth",
    items: [{ route: "channels", label: "shell.pages.channels", icon: "growth", needs: connectRead }],
  },
  {
    label: "shell.groups.connect",
    items: [
      { route: "apps", label: "shell.pages.apps", icon: "connect", needs: connectRead },
      { route: "inbound", label: "shell.pages.inbound", icon: "inbound", needs: connectRead },
    ],
  },
  {
    label: "shell.groups.insight",
    items: [
      { route: "events", label: "shell.pages.events", icon: "events", needs: eventsRead },
      { route: "dead-letters", label: "shell.pages.deadLetters", icon: "dead", needs: eventsRead },
    ],
  },
  {
    label: "shell.groups.settings",
    items: [{ route: "settings", label: "shell.pages.settings", icon: "settings", needs: settingsRead }],
  },
];

/** The menu of an account with these permission codes; a group without items is left out. */
export function menuFor(permissions: readonly string[]): MenuGroup[] {
  return menu
    .map(({ label, items }) => ({ label, items: items.filter(({ needs }) => permissions.includes(needs.code)) }))
    .filter(({ items }) => items.length > 0);
}
