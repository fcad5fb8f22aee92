import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "downloads",
    name: "downloads",
    view: () => import("./DownloadsPage.vue"),
    title: { zh: "下载中心", en: "Downloads" },
    list: "exports.list",
  },
];
