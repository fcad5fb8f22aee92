import { daily, defineModule, items } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { HotValues } from "./hot-values.ts";
import { SettingsOverview } from "./overview.ts";
import { Retentions } from "./retentions.ts";
import { SettingsRollBack } from "./roll-back.ts";
import { Scopes } from "./scopes.ts";
import { settings } from "./settings.contract.ts";
import { settingChanged } from "./settings.events.ts";
import { SettingsService } from "./settings.service.ts";
import { SettingVersions } from "./versions.ts";

export const settingsModule = defineModule(settings, {
  uses: [accessModule],
  services: {
    hot: HotValues,
    scopes: Scopes,
    settings: SettingsService,
    overview: SettingsOverview,
    versions: SettingVersions,
    rollBack: SettingsRollBack,
    retentions: Retentions,
  },
  routes: ({ scopes, overview, versions, rollBack }) => ({
    list: items(overview.list),
    listScopes: items(scopes.list),
    change: versions.change,
    clear: versions.clear,
    generate: versions.generate,
    history: items(overview.history),
    rollBack: versions.rollBack,
    rollAllBack: rollBack.run,
  }),
  publishes: [settingChanged],
  schedules: ({ retentions }) => ({ prune: daily("03:23", retentions.prune) }),
});
