import { codesRead } from "@zhanggui/server/foundation/codes/codes.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "codes",
    name: "codes",
    view: () => import("./CodesPage.vue"),
    needs: codesRead,
    title: { zh: "验证码", en: "Verification codes" },
    list: "codes.list",
    menu: { group: "settings", order: 13, icon: "phone" },
  },
];
