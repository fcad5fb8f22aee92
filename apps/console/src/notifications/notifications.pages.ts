import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "notifications",
    name: "notifications",
    view: () => import("./NotificationsPage.vue"),
    title: { zh: "通知", en: "Notifications" },
    list: "notifications.list",
  },
];
