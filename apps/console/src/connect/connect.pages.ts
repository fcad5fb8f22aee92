import { connectRead, connectWrite } from "@zhanggui/server/engines/connect/connect.contract";
import type { Page } from "../common/pages.ts";
import { appsTitle, menuTitle, newApp, newChannel } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "growth/channels",
    name: "channels",
    creates: { label: newChannel, needs: connectWrite },
    list: "connect.listChannels",
    view: () => import("./ChannelsPage.vue"),
    needs: connectRead,
    title: { zh: "渠道码", en: "Channel codes" },
    menu: { group: "growth", order: 1, icon: "growth" },
  },
  {
    path: "connect/apps",
    name: "apps",
    creates: { label: newApp, needs: connectWrite },
    list: "connect.listApps",
    view: () => import("./AppsPage.vue"),
    needs: connectRead,
    title: appsTitle,
    menu: { group: "connect", order: 1, icon: "connect" },
  },
  {
    path: "connect/apps/:wechatAppId",
    name: "app",
    view: () => import("./AppPage.vue"),
    needs: connectRead,
    title: appsTitle,
  },
  {
    path: "connect/apps/:wechatAppId/menu",
    name: "menu",
    view: () => import("./MenuPage.vue"),
    needs: connectRead,
    title: menuTitle,
  },
  {
    path: "connect/inbound",
    name: "inbound",
    view: () => import("./InboundPage.vue"),
    needs: connectRead,
    title: { zh: "收到的消息", en: "Inbound" },
    list: "connect.listInbound",
    menu: { group: "connect", order: 2, icon: "inbound" },
  },
];
