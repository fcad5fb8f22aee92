import { identityManage } from "@zhanggui/server/foundation/identity/identity.contract";
import type { Page } from "../common/pages.ts";
import { newProvider } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "identity",
    name: "identity",
    creates: { label: newProvider, needs: identityManage },
    view: () => import("./IdentityPage.vue"),
    needs: identityManage,
    title: { zh: "统一登录", en: "Single sign-on" },
    list: "identity.list",
    menu: { group: "settings", order: 5, icon: "link" },
  },
];
