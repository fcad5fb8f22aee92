import { metricsToken as opensMetrics } from "@zhanggui/kit/server/http/metrics-guard";
import { defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { Dependencies } from "./dependencies.ts";
import { MaintenanceSwitch } from "./maintenance.ts";
import { MetricsToken } from "./metrics-token.ts";
import { operations } from "./operations.contract.ts";
import { metricsToken } from "./operations.settings.ts";
import { OverviewOfPlatform } from "./overview.ts";
import { SchedulesOfPlatform } from "./schedules.ts";

export const operationsModule = defineModule(operations, {
  uses: [accessModule, settingsModule],
  services: {
    schedules: SchedulesOfPlatform,
    overview: OverviewOfPlatform,
    dependencies: Dependencies,
    maintenance: MaintenanceSwitch,
    token: MetricsToken,
  },
  routes: ({ schedules, overview, dependencies, maintenance }) => ({
    listSchedules: schedules.list,
    runSchedule: schedules.run,
    pauseSchedule: schedules.pause,
    resumeSchedule: schedules.resume,
    getOverview: overview.get,
    checkDependencies: dependencies.check,
    getMaintenance: maintenance.get,
    beginMaintenance: maintenance.begin,
    endMaintenance: maintenance.end,
  }),
  extensions: ({ token }) => ({ metrics: opensMetrics(token.read) }),
  settings: [metricsToken],
});
