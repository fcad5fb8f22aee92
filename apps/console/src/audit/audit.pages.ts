import { auditRead } from "@zhanggui/server/foundation/audit/audit.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "settings/audit",
    name: "audit",
    view: () => import("./AuditPage.vue"),
    needs: auditRead,
    title: { zh: "审计日志", en: "Audit log" },
    list: "audit.list",
    menu: { group: "settings", order: 7, icon: "clock" },
  },
];
