import { daily, defineModule, items } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { Retentions } from "./retentions.ts";
import { settings } from "./settings.contract.ts";
import { SettingsService } from "./settings.service.ts";

export const settingsModule = defineModule(settings, {
  uses: [accessModule],
  services: { settings: SettingsService, retentions: Retentions },
  routes: ({ settings }) => ({
    list: items(settings.list),
    change: settings.change,
    history: items(settings.history),
  }),
  schedules: ({ retentions }) => ({ prune: daily("03:23", retentions.prune) }),
});
