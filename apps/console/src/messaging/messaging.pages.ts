import { messagingRead, messagingWrite } from "@zhanggui/server/engines/messaging/messaging.contract";
import { messagingReply, messagingTalks } from "@zhanggui/server/engines/messaging/conversations.contract";
import type { Page } from "../common/pages.ts";
import { canned, conversations, newCanned, newRule, newScene } from "./titles.ts";

const deliveries = { zh: "投递记录", en: "Deliveries" };

export const pages: readonly Page[] = [
  {
    path: "messages/conversations",
    name: "conversations",
    list: "messaging.listConversations",
    view: () => import("./ConversationsPage.vue"),
    needs: messagingTalks,
    title: conversations,
    menu: { group: "messages", order: 0, icon: "messages" },
  },
  {
    path: "messages/conversations/:conversationId",
    name: "conversation",
    view: () => import("./ConversationRoute.vue"),
    needs: messagingTalks,
    title: conversations,
  },
  {
    path: "messages/canned-answers",
    name: "cannedAnswers",
    creates: { label: newCanned, needs: messagingReply },
    list: "messaging.listCanned",
    view: () => import("./CannedPage.vue"),
    needs: messagingReply,
    title: canned,
    menu: { group: "messages", order: 4, icon: "bookmark" },
  },
  {
    path: "messages/deliveries",
    name: "deliveries",
    view: () => import("./DeliveriesPage.vue"),
    needs: messagingRead,
    title: deliveries,
    list: "messaging.listDeliveries",
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
    creates: { label: newRule, needs: messagingWrite },
    list: "messaging.listRules",
    view: () => import("./RulesPage.vue"),
    needs: messagingRead,
    title: { zh: "自动回复", en: "Auto-replies" },
    menu: { group: "messages", order: 2, icon: "reply" },
  },
  {
    path: "messages/scenes",
    name: "scenes",
    creates: { label: newScene, needs: messagingWrite },
    list: "messaging.listScenes",
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
