import { tenantsManage, tenantsPlan, tenantsRead } from "@zhanggui/server/foundation/tenants/tenants.contract";
import type { Page } from "../common/pages.ts";
import { newTenant } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "settings/plan",
    name: "plan",
    view: () => import("./PlanPage.vue"),
    needs: tenantsPlan,
    title: { zh: "套餐与用量", en: "Our plan and use" },
    menu: { group: "settings", order: 11, icon: "gauge" },
  },
  {
    path: "settings/tenants",
    name: "tenants",
    creates: { label: newTenant, needs: tenantsManage },
    view: () => import("./TenantsPage.vue"),
    needs: tenantsRead,
    title: { zh: "企业", en: "Businesses" },
    list: "tenants.list",
    menu: { group: "settings", order: 12, icon: "building" },
  },
];
