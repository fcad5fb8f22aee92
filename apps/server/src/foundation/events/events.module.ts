import { cron, defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { notificationsModule } from "../notifications/notifications.module.ts";
import { events } from "./events.contract.ts";
import { givenUp } from "./events.notifications.ts";
import { keepDeadLetters } from "./events.settings.ts";
import { EventsService } from "./events.service.ts";

export const eventsModule = defineModule(events, {
  uses: [accessModule, notificationsModule],
  services: { events: EventsService },
  routes: ({ events }) => ({
    list: events.list,
    get: events.get,
    deadLetters: events.deadLetters,
    getFigures: events.figures,
    replay: events.replay,
    replaySome: events.replaySome,
  }),
  schedules: ({ events }) => ({ tell_of_dead: cron("*/5 * * * *", events.tellOfDead) }),
  notifies: [givenUp],
  keeps: [keepDeadLetters],
});
