import { connectRead } from "@zhanggui/server/engines/connect/connect.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "growth/channels",
    name: "channels",
    view: () => import("./ChannelsPage.vue"),
    needs: connectRead,
    title: { zh: "渠道码", en: "Channel codes" },
    menu: { group: "growth", order: 1, icon: "growth" },
  },
  {
    path: "connect/apps",
    name: "apps",
    view: () => import("./AppsPage.vue"),
    needs: connectRead,
    title: { zh: "微信应用", en: "WeChat apps" },
    menu: { group: "connect", order: 1, icon: "connect" },
  },
  {
    path: "connect/inbound",
    name: "inbound",
    view: () => import("./InboundPage.vue"),
    needs: connectRead,
    title: { zh: "收到的消息", en: "Inbound" },
    menu: { group: "connect", order: 2, icon: "inbound" },
  },
];
