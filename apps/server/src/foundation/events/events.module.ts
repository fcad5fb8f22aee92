import { defineModule } from "@zhanggui/kit/server/module";
import { events } from "./events.contract.ts";
import { keepDeadLetters } from "./events.settings.ts";
import { EventsService } from "./events.service.ts";

export const eventsModule = defineModule(events, {
  services: { events: EventsService },
  routes: ({ events }) => ({
    list: events.list,
    get: events.get,
    deadLetters: events.deadLetters,
    getFigures: events.figures,
    replay: events.replay,
    replaySome: events.replaySome,
  }),
  keeps: [keepDeadLetters],
});
