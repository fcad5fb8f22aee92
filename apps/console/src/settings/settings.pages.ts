import { settingsRead } from "@zhanggui/server/foundation/settings/settings.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "settings",
    name: "settings",
    view: () => import("./SettingsPage.vue"),
    needs: settingsRead,
    title: { zh: "设置", en: "Settings" },
    menu: { group: "settings", order: 1, icon: "settings" },
  },
];
