import { cron, defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { Ends } from "./ends.ts";
import { tenants } from "./tenants.contract.ts";
import { ownPlanEnds, ownSuspended, tenantPlanEnds } from "./tenants.notifications.ts";
import { TenantsService } from "./tenants.service.ts";
import { Usage } from "./usage.ts";

export const tenantsModule = defineModule(tenants, {
  uses: [accessModule, notificationsModule],
  services: { tenants: TenantsService, usage: Usage, ends: Ends },
  routes: ({ tenants }) => ({
    list: tenants.list,
    report: tenants.report,
    create: tenants.create,
    update: tenants.update,
    suspend: tenants.suspend,
    resume: tenants.resume,
    invite: tenants.invite,
    own: tenants.own,
  }),
  schedules: ({ ends }) => ({ tell_of_ends: cron("13 * * * *", ends.tell) }),
  notifies: [ownPlanEnds, tenantPlanEnds, ownSuspended],
});
