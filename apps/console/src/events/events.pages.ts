import { eventsRead } from "@zhanggui/server/foundation/events/events.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "insight/events",
    name: "events",
    view: () => import("./EventsPage.vue"),
    needs: eventsRead,
    title: { zh: "事件日志", en: "Event log" },
    menu: { group: "insight", order: 1, icon: "events" },
  },
  {
    path: "insight/dead-letters",
    name: "dead-letters",
    view: () => import("./DeadLettersPage.vue"),
    needs: eventsRead,
    title: { zh: "死信", en: "Dead letters" },
    menu: { group: "insight", order: 2, icon: "dead" },
  },
];
