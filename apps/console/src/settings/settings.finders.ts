import { settingsRead } from "@zhanggui/server/foundation/settings/settings.contract";
import { api } from "../common/api.ts";
import { inLanguage } from "../common/language.ts";
import type { Finder } from "../shell/finder.ts";

export const finders: readonly Finder[] = [
  {
    id: "settings",
    needs: [settingsRead],
    searches: false,
    find: async (_search, signal) => {
      const { items } = await api.settings.list({}, { signal });
      return items.map((setting) => ({
        id: `setting-${setting.key}`,
        group: { zh: "设置", en: "Settings" },
        label: inLanguage(setting),
        note: setting.key,
        icon: "settings",
        to: { name: "settings", hash: `#setting-${setting.key}` },
      }));
    },
  },
];
