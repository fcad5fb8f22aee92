import { eventsRead } from "@zhanggui/server/foundation/events/events.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "insight/events",
    name: "events",
    view: () => import("./EventsPage.vue"),
    needs: eventsRead,
    title: { zh: "事件日志", en: "Event log" },
    list: "events.list",
    menu: { group: "insight", order: 1, icon: "events" },
  },
  {
    path: "insight/dead-letters",
    name: "dead-letters",
    list: "events.deadLetters",
    view: () => import("./DeadLettersPage.vue"),
    needs: eventsRead,
    title: { zh: "失败的任务", en: "Failed tasks" },
    menu: { group: "insight", order: 2, icon: "dead" },
  },
];
