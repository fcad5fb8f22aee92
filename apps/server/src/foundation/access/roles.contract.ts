import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { builtInRoles, dataScopes, permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const accessRead = permission("access:read", { zh: "查看账号与角色", en: "See accounts and roles" }, [
  "developer",
]);
export const accessWrite = permission("access:write", { zh: "管理账号与角色", en: "Manage accounts and roles" }, [], {
  isWeighty: true,
});
export const roleNameTaken = fault("access.role_name_taken", 409, {
  zh: "已有名为“{name}”的角色。",
  en: "There is a role called {name} already.",
});
export const unknownPermission = fault("access.unknown_permission", 422, {
  zh: "没有名为 {permission} 的权限。",
  en: "There is no permission called {permission}.",
});
export const roleInUse = fault("access.role_in_use", 409, {
  zh: "还有 {accounts} 个账号拥有此角色，请先为它们换一个角色。",
  en: "Accounts that have this role: {accounts}. Give them another one first.",
});
export const beyondOwnRights = fault("access.beyond_own_rights", 403, {
  zh: "您自己没有权限 {permission}，因此不能授予它，也不能变更拥有它的账号或角色。",
  en: "You don't hold {permission} yourself, so you can't grant it, nor change an account or a role that has it.",
});
export const beyondOwnDepartments = fault("access.beyond_own_departments", 403, {
  zh: "您只能看到本部门的数据，因此只能管理本部门及下级部门的成员，不能变更部门结构。",
  en: "You reach your own departments only, so you manage nobody's membership elsewhere, nor the tree of departments.",
});
export const roleFixed = fault("access.role_fixed", 409, {
  zh: "系统内置角色不能修改，请新建角色。",
  en: "A built-in role can't be changed; create one of your own.",
});

export const Role = z
  .object({
    id: Id,
    name: field(oneLine(60), { zh: "角色名称", en: "Name of the role" }),
    permissions: field(
      z.array(z.string().max(60)).max(200),
      { zh: "权限", en: "Permissions" },
      { kind: "rights", input: "rights" },
    ),
    dataScope: field(
      z.enum(dataScopes),
      { zh: "数据范围", en: "Reaches" },
      {
        choices: {
          own: { zh: "仅本人的", en: "Their own" },
          department: { zh: "本部门及下级的", en: "Their departments'" },
          all: { zh: "全部", en: "Everything" },
        },
        hint: {
          zh: "只限制有归属人的数据，例如短链接；其他数据不受影响。",
          en: "Narrows only what belongs to somebody, such as short links; everything else stays as it is.",
        },
      },
    ),
    accounts: field(z.int(), { zh: "账号数", en: "Accounts" }, { kind: "count" }),
    /** The system's own roles can't be changed: what they grant stands with each permission. */
    builtIn: z.enum(builtInRoles).nullable(),
    createdAt: field(Instant, { zh: "创建于", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "Role" });
const NewRole = Role.pick({ name: true, permissions: true, dataScope: true }).partial({ dataScope: true });

const NamedRole = z.object({
  id: Id,
  name: z.string(),
  builtIn: z.enum(builtInRoles).nullable(),
  dataScope: z.enum(dataScopes),
});

/** Who may do what, and why: part of the contract of accounts. */
export const roleRoutes = {
  listPermissions: route.get("/permissions", {
    summary: "Every permission that a role can grant",
    access: accessRead,
    reply: z.object({ items: z.array(z.object({ code: z.string(), zh: z.string(), en: z.string() })) }),
  }),
  listRoles: list("/roles", {
    item: Role,
    noun: { zh: "角色", en: "role", plural: "roles" },
    access: accessRead,
    sort: "createdAt",
  }),
  createRole: route.post("/roles", {
    summary: "Create a role",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    body: NewRole,
    reply: Role,
    faults: [roleNameTaken, unknownPermission, beyondOwnRights],
  }),
  updateRole: route.patch("/roles/:roleId", {
    summary: "Change what a role is called and grants; it holds from the next request of whoever has it",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    params: z.object({ roleId: Id }),
    body: NewRole.partial(),
    reply: Role,
    faults: [notFound, roleNameTaken, unknownPermission, roleFixed, beyondOwnRights],
  }),
  deleteRole: route.delete("/roles/:roleId", {
    summary: "Delete a role that no account has",
    access: accessWrite,
    byThemselves: true,
    effect: "destroy",
    params: z.object({ roleId: Id }),
    reply: z.object({}),
    faults: [notFound, roleFixed, roleInUse, beyondOwnRights],
  }),
  explainPermission: route.get("/accounts/:accountId/permissions/:code", {
    summary: "Why somebody may do something or not: the roles that give it, those that would, and who could grant it",
    access: accessRead,
    params: z.object({ accountId: Id, code: z.string().max(100) }),
    reply: z.object({
      /** `disabled`: the account is switched off, so that no role of it counts; `invited`: it has no password yet. */
      state: z.enum(["enabled", "invited", "disabled"]),
      has: z.boolean(),
      /** How far it reaches, if they have it. */
      reaches: z.enum(dataScopes).nullable(),
      /** Those of the account that give it. */
      by: z.array(NamedRole),
      /** The others of the tenant that would. */
      would: z.array(NamedRole),
      /** Accounts that may give roles, and hold it themselves; the first twenty. */
      grantors: z.array(z.object({ id: Id, name: z.string() })),
    }),
    faults: [notFound, unknownPermission],
  }),
};
