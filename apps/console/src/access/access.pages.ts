import { accessRead } from "@zhanggui/server/foundation/access/access.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "accounts",
    name: "accounts",
    view: () => import("./AccountsPage.vue"),
    needs: accessRead,
    title: { zh: "账号与角色", en: "Accounts and roles" },
    menu: { group: "settings", order: 2, icon: "user" },
  },
];
