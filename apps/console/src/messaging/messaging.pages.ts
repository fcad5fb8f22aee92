import { messagingRead } from "@zhanggui/server/engines/messaging/messaging.contract";
import type { Page } from "../common/pages.ts";

const deliveries = { zh: "投递记录", en: "Deliveries" };

export const pages: readonly Page[] = [
  {
    path: "messages/deliveries",
    name: "deliveries",
    view: () => import("./DeliveriesPage.vue"),
    needs: messagingRead,
    title: deliveries,
    menu: { group: "messages", order: 1, icon: "send" },
  },
  {
    path: "messages/deliveries/:deliveryId",
    name: "delivery",
    view: () => import("./DeliveryPage.vue"),
    needs: messagingRead,
    title: deliveries,
  },
  {
    path: "messages/rules",
    name: "rules",
    view: () => import("./RulesPage.vue"),
    needs: messagingRead,
    title: { zh: "自动回复", en: "Auto-replies" },
    menu: { group: "messages", order: 2, icon: "reply" },
  },
  {
    path: "messages/scenes",
    name: "scenes",
    view: () => import("./ScenesPage.vue"),
    needs: messagingRead,
    title: { zh: "消息场景", en: "Scenes" },
    menu: { group: "messages", order: 3, icon: "scene" },
  },
  {
    path: "traces/:traceId",
    name: "trace",
    view: () => import("./TracePage.vue"),
    title: { zh: "全链路", en: "The whole trace" },
  },
];
