import { anyOf } from "@zhanggui/kit/contract/permission";
import { settingsPlatform, settingsRead } from "@zhanggui/server/foundation/settings/settings.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "settings",
    name: "settings",
    view: () => import("./SettingsPage.vue"),
    needs: anyOf(settingsRead, settingsPlatform),
    title: { zh: "设置", en: "Settings" },
    menu: { group: "settings", order: 1, icon: "settings" },
  },
];
