import type { Page } from "../common/pages.ts";

const title = { zh: "导入", en: "Import" };

export const pages: readonly Page[] = [
  {
    path: "imports",
    name: "imports",
    view: () => import("./ImportsPage.vue"),
    title: { zh: "导入记录", en: "Imports" },
    list: "imports.list",
  },
  { path: "imports/into/:target", name: "import", view: () => import("./ImportStartPage.vue"), title },
  { path: "imports/:importId", name: "importing", view: () => import("./ImportPage.vue"), title },
];
