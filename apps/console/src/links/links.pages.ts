import { linksRead, linksWrite } from "@zhanggui/server/foundation/links/links.contract";
import type { Page } from "../common/pages.ts";
import { newLink } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "growth/links",
    name: "links",
    creates: { label: newLink, needs: linksWrite },
    view: () => import("./LinksPage.vue"),
    needs: linksRead,
    title: { zh: "短链接", en: "Short links" },
    list: "links.list",
    menu: { group: "growth", order: 2, icon: "link" },
  },
];
