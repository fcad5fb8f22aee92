import { builtInRoles, type BuiltInRole, firstRoles, type FirstRole } from "@zhanggui/kit/contract/permission";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { asRole, everyRead } from "./rights.ts";

/** Chinese first: the console shows its own words for the built-in ones. */
const builtInNames: Readonly<Record<BuiltInRole, string>> = {
  owner: "负责人",
  operator: "运营",
  finance: "财务",
  reviewer: "审批人",
  developer: "开发者",
};
const firstNames: Readonly<Record<FirstRole, string>> = {
  business_owner: "业务负责人",
  department_head: "部门负责人",
  product_operator: "产品运营",
  process_manager: "流程管理员",
  process_operator: "流程专员",
};

/** A role that every tenant begins with, and may change: it reads everything. */
const auditorName = "只读审计员";

/** Gives a new tenant the roles that every one begins with. Returns the ids of the built-in ones by name. */
export async function addFirstRoles(ctx: Ctx): Promise<Record<BuiltInRole, string>> {
  const builtIn = builtInRoles.map((builtIn) => ({ name: builtInNames[builtIn], builtIn, permissions: [] }));
  const first = firstRoles.map((role) => ({
    name: firstNames[role],
    builtIn: null,
    permissions: [asRole(role)],
    dataScope: role === "department_head" ? ("department" as const) : ("all" as const),
  }));
  const rows = await ctx.db
    .insertInto("access_role")
    .values([...builtIn, ...first, { name: auditorName, builtIn: null, permissions: [everyRead] }])
    .returning(["id", "builtIn"])
    .execute();
  return Object.fromEntries(rows.map(({ builtIn, id }) => [builtIn, id])) as Record<BuiltInRole, string>;
}
