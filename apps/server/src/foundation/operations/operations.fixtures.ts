import { newId } from "@zhanggui/kit/contract/ids";
import { platformTenantId } from "@zhanggui/kit/server/queue/definition";
import { fixturesOf } from "../../testing/every-route.ts";
import { operations } from "./operations.contract.ts";

export const fixtures = fixturesOf(operations)(async ({ server }) => {
  // A server that works off nothing has written no schedules down.
  const scheduleId = newId(server.clock.now());
  await server.runtime
    .unscopedDb()
    .insertInto("kit_schedule")
    .values({ tenantId: platformTenantId, id: scheduleId, name: "files.sweep", cron: "7 4 * * *", timeZone: "UTC" })
    .execute();
  return {
    listSchedules: {},
    runSchedule: { scheduleId },
    pauseSchedule: { scheduleId },
    resumeSchedule: { scheduleId },
    getOverview: {},
    checkDependencies: {},
    beginMaintenance: {},
    endMaintenance: {},
  };
});
