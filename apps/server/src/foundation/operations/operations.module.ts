import { defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { Dependencies } from "./dependencies.ts";
import { MaintenanceSwitch } from "./maintenance.ts";
import { operations } from "./operations.contract.ts";
import { OverviewOfPlatform } from "./overview.ts";
import { SchedulesOfPlatform } from "./schedules.ts";

export const operationsModule = defineModule(operations, {
  uses: [accessModule],
  services: {
    schedules: SchedulesOfPlatform,
    overview: OverviewOfPlatform,
    dependencies: Dependencies,
    maintenance: MaintenanceSwitch,
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
});
