import { materialsRead, materialsWrite } from "@zhanggui/server/engines/materials/materials.contract";
import type { Page } from "../common/pages.ts";
import { newMaterial } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "messages/materials",
    name: "materials",
    creates: { label: newMaterial, needs: materialsWrite },
    list: "materials.list",
    view: () => import("./MaterialsPage.vue"),
    needs: materialsRead,
    title: { zh: "微信素材", en: "WeChat material" },
    menu: { group: "messages", order: 6, icon: "inbound" },
  },
];
