import { templatesRead } from "@zhanggui/server/engines/templates/templates.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "messages/templates",
    name: "templates",
    list: "templates.list",
    view: () => import("./TemplatesPage.vue"),
    needs: templatesRead,
    title: { zh: "消息模板", en: "Message templates" },
    menu: { group: "messages", order: 7, icon: "scene" },
  },
];
