import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "archives",
    name: "archives",
    view: () => import("./ArchivesPage.vue"),
    title: { zh: "压缩包", en: "Zips" },
    list: "archives.list",
  },
];
