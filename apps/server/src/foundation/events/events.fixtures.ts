import { fixturesOf } from "../../testing/every-route.ts";
import { events } from "./events.contract.ts";

export const fixtures = fixturesOf(events)(async ({ owner, server }) => {
  await server.runtime.unscopedDb().updateTable("kit_delivery").set({ state: "dead", lastError: "made so" }).execute();
  const { items } = await owner.api.events.list({ name: "connect.message_received.v1" });
  const eventId = items[0]!.id;
  return { list: {}, get: { eventId }, deadLetters: {}, replay: { eventId } };
});
