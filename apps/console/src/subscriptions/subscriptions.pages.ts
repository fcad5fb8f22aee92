import { subscriptionsRead } from "@zhanggui/server/engines/subscriptions/subscriptions.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "messages/subscriptions",
    name: "subscriptions",
    list: "subscriptions.list",
    view: () => import("./SubscriptionsPage.vue"),
    needs: subscriptionsRead,
    title: { zh: "订阅授权", en: "Subscriptions" },
    menu: { group: "messages", order: 10, icon: "bell" },
  },
];
