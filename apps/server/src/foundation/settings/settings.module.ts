import { defineModule, items } from "@zhanggui/kit/server/module";
import { settings } from "./settings.contract.ts";
import { SettingsService } from "./settings.service.ts";

export const settingsModule = defineModule(settings, {
  services: { settings: SettingsService },
  routes: ({ settings }) => ({
    list: items(settings.list),
    change: settings.change,
    history: items(settings.history),
  }),
});
