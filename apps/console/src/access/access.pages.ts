import { accessRead, accessWrite } from "@zhanggui/server/foundation/access/roles.contract";
import type { Page } from "../common/pages.ts";
import { newAccount, newDepartment, newRole } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "sign-ins",
    name: "sign-ins",
    view: () => import("./SignInsPage.vue"),
    title: { zh: "我的登录", en: "My sign-ins" },
  },
  {
    path: "accounts",
    name: "accounts",
    creates: { label: newAccount, needs: accessWrite },
    view: () => import("./AccountsPage.vue"),
    needs: accessRead,
    title: { zh: "账号", en: "Accounts" },
    list: "access.listAccounts",
    menu: { group: "settings", order: 2, icon: "user" },
  },
  {
    path: "roles",
    name: "roles",
    creates: { label: newRole, needs: accessWrite },
    view: () => import("./RolesPage.vue"),
    needs: accessRead,
    title: { zh: "角色", en: "Roles" },
    list: "access.listRoles",
    menu: { group: "settings", order: 4, icon: "check" },
  },
  {
    path: "departments",
    name: "departments",
    creates: { label: newDepartment, needs: accessWrite },
    view: () => import("./DepartmentsPage.vue"),
    needs: accessRead,
    title: { zh: "部门", en: "Departments" },
    list: "access.listDepartments",
    menu: { group: "settings", order: 3, icon: "tree" },
  },
];
