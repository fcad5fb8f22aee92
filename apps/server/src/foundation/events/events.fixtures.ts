import { fixturesOf } from "../../testing/every-route.ts";
import { events } from "./events.contract.ts";

export const fixtures = fixturesOf(events)(async ({ owner, server }) => {
  const { items } = await owner.api.events.list({ name: "connect.message_received.v1" });
  const eventId = items[0]!.id;
  // What the kit's own tables hold while work is under way, and after it failed.
  const db = server.runtime.unscopedDb();
  const { tenantId } = owner;
  const row = { tenantId, queue: "tea.made_so", ref: eventId, key: "a", traceId: "t".repeat(32) };
  const schedule = { tenantId, id: eventId, name: row.queue, cron: "0 9 * * *", timeZone: "Asia/Shanghai" };
  await db.insertInto("kit_task").values(row).execute();
  await db
    .insertInto("kit_dead")
    .values({ ...row, priority: 0, attempts: 10, lastError: "made so", diedAt: server.clock.now() })
    .execute();
  await db.insertInto("kit_lane").values({ tenantId, queue: row.queue, key: row.key }).execute();
  await db.insertInto("kit_schedule").values(schedule).execute();
  return {
    list: {},
    get: { eventId },
    deadLetters: {},
    getFigures: {},
    replay: { ref: eventId },
    replaySome: { all: true },
  };
});
