import { customersRead } from "@zhanggui/server/engines/customers/customers.contract";
import type { Page } from "../common/pages.ts";

export const pages: readonly Page[] = [
  {
    path: "people/sign-ins",
    name: "customer-sign-ins",
    view: () => import("./SignInsPage.vue"),
    needs: customersRead,
    title: { zh: "客户登录", en: "Customers' sign-ins" },
    list: "customers.list",
    menu: { group: "people", order: 3, icon: "key" },
  },
];
