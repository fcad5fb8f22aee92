import { broadcastsRead, broadcastsWrite } from "@zhanggui/server/engines/broadcasts/broadcasts.contract";
import type { Page } from "../common/pages.ts";
import { broadcasts, newBroadcast } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "messages/broadcasts",
    name: "broadcasts",
    creates: { label: newBroadcast, needs: broadcastsWrite },
    list: "broadcasts.list",
    view: () => import("./BroadcastsPage.vue"),
    needs: broadcastsRead,
    title: broadcasts,
    menu: { group: "messages", order: 5, icon: "send" },
  },
  {
    path: "messages/broadcasts/:broadcastId",
    name: "broadcast",
    view: () => import("./BroadcastPage.vue"),
    needs: broadcastsRead,
    title: broadcasts,
  },
];
