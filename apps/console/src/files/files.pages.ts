import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "files",
    name: "files",
    view: () => import("./FilesPage.vue"),
    title: { zh: "文件", en: "Files" },
    list: "files.list",
  },
];
