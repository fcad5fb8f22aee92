import { webhooksManage, webhooksRead } from "@zhanggui/server/foundation/webhooks/webhooks.contract";
import type { Page } from "../common/pages.ts";
import { deliveriesTitle, newWebhook } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "webhooks",
    name: "webhooks",
    creates: { label: newWebhook, needs: webhooksManage },
    view: () => import("./WebhooksPage.vue"),
    needs: webhooksRead,
    title: { zh: "Webhook 推送", en: "Webhooks" },
    list: "webhooks.listEndpoints",
    menu: { group: "settings", order: 10, icon: "trace" },
  },
  {
    path: "webhooks/deliveries",
    name: "webhook-deliveries",
    view: () => import("./DeliveriesPage.vue"),
    needs: webhooksRead,
    title: deliveriesTitle,
    list: "webhooks.listDeliveries",
  },
];
