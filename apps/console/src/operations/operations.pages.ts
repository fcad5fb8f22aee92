import { operationsRead } from "@zhanggui/server/foundation/operations/operations.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "settings/operations",
    name: "operations",
    view: () => import("./OperationsPage.vue"),
    needs: operationsRead,
    title: { zh: "系统运维", en: "Operations" },
    menu: { group: "settings", order: 8, icon: "work" },
  },
  {
    path: "settings/schedules",
    name: "schedules",
    view: () => import("./SchedulesPage.vue"),
    needs: operationsRead,
    title: { zh: "定时任务", en: "Schedules" },
    list: "operations.listSchedules",
    menu: { group: "settings", order: 9, icon: "clock" },
  },
];
