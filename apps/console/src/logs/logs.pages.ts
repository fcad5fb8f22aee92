import { anyOf } from "@zhanggui/kit/contract/permission";
import { logsAll, logsRead } from "@zhanggui/server/foundation/logs/logs.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "insight/logs",
    name: "logs",
    view: () => import("./LogsPage.vue"),
    needs: anyOf(logsRead, logsAll),
    title: { zh: "系统日志", en: "Log" },
    list: "logs.list",
    menu: { group: "insight", order: 3, icon: "search" },
  },
];
