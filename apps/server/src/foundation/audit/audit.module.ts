import { cron, daily, defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { audit } from "./audit.contract.ts";
import { chainBroken } from "./audit.notifications.ts";
import { AuditService } from "./audit.service.ts";
import { auditKeepDays } from "./audit.settings.ts";
import { Chain } from "./chain.ts";

export const auditModule = defineModule(audit, {
  uses: [accessModule, notificationsModule, settingsModule],
  services: { audit: AuditService, chain: Chain },
  routes: ({ audit, chain }) => ({
    list: audit.list,
    get: audit.get,
    listThings: audit.listThings,
    getChain: chain.get,
    verify: chain.verify,
  }),
  schedules: ({ chain }) => ({
    seal: cron("* * * * *", chain.seal),
    tend: daily("02:53", chain.tend),
  }),
  settings: [auditKeepDays],
  notifies: [chainBroken],
});
