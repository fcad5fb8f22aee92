import { defineModule } from "@zhanggui/kit/server/module";
import { events } from "./events.contract.ts";
import { EventsService } from "./events.service.ts";

export const eventsModule = defineModule(events, {
  services: { events: EventsService },
  routes: ({ events }) => ({
    list: events.list,
    get: events.get,
    deadLetters: events.deadLetters,
    replay: events.replay,
  }),
});
