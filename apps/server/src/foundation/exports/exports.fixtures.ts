import { fixturesOf } from "../../testing/every-route.ts";
import { exports } from "./exports.contract.ts";

export const fixtures = fixturesOf(exports)(async ({ owner, server }) => {
  const begin = async (zone: string) => (await owner.api.exports.create({ list: "audience.listPeople", zone })).id;
  const zones = ["UTC", "Asia/Tokyo", "Asia/Seoul", "Asia/Macau"];
  const [done = "", toPause = "", paused = "", toDelete = ""] = await Promise.all(zones.map(begin));
  await server.runUntilIdle();
  // Nothing is queued for them any more: they stand still.
  await server.runtime.ctx(owner.tenantId).sql`
    UPDATE exports_export SET state = CASE id WHEN ${paused}::uuid THEN 'paused' ELSE 'running' END
    WHERE id = ANY (${[toPause, paused]}::uuid[])`;
  return {
    list: {},
    create: { list: "audience.listPeople" },
    get: { exportId: done },
    pause: { exportId: toPause },
    resume: { exportId: paused },
    download: { exportId: done },
    delete: { exportId: toDelete },
  };
});
