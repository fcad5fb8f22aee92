import { keysRead, keysWrite } from "@zhanggui/server/foundation/keys/keys.contract";
import type { Page } from "../common/pages.ts";
import { newKey } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "keys",
    name: "keys",
    creates: { label: newKey, needs: keysWrite },
    view: () => import("./KeysPage.vue"),
    needs: keysRead,
    title: { zh: "API 密钥", en: "API keys" },
    list: "keys.list",
    menu: { group: "settings", order: 6, icon: "key" },
  },
];
