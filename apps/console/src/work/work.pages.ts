import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "work",
    name: "work",
    view: () => import("./WorkPage.vue"),
    title: { zh: "后台任务", en: "Background actions" },
    list: "work.list",
  },
];
