import { fault } from "@zhanggui/kit/contract/fault";
import { notFound, tooManyRequests } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { authenticated } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { secondFactorRoutes } from "./second-factor.contract.ts";
import { ownSessionRoutes } from "./own-sessions.contract.ts";
import { departmentRoutes } from "./departments.contract.ts";
import { accessRead, accessWrite, beyondOwnDepartments, beyondOwnRights, roleRoutes } from "./roles.contract.ts";

import {
  Account,
  Invitation,
  Login,
  Me,
  Password,
  SignedIn,
  Tenant,
  keepIn,
  setsSession,
  lockedOut,
  ownPassword,
  placeLockedOut,
  weakPassword,
  wrongCredentials,
  signInRoutes,
} from "./sign-in.contract.ts";

export const loginTaken = fault(
  "access.login_taken",
  409,
  { zh: "登录名 {login} 已被使用。", en: "The login {login} is taken." },
  { errno: 2004 },
);
export const lastOwner = fault("access.last_owner", 409, {
  zh: "至少要保留一个可登录的负责人账号。",
  en: "At least one owner must stay able to sign in.",
});

/** What forms ask of an account. */
const AccountFields = {
  displayName: Account.shape.displayName,
  roleIds: field(
    z.array(Id).min(1).max(20),
    { zh: "角色", en: "Roles" },
    { kind: "role", hint: { zh: "可以同时有几个角色。", en: "Several may go together." } },
  ),
  departmentIds: field(z.array(Id).max(20), { zh: "部门", en: "Departments" }, { kind: "department" }),
};
/** How the audit log names the columns of what belongs to an account. */
const AccountRole = z.object({ roleId: field(Id, { zh: "角色", en: "Role" }, { kind: "role" }) });
const DepartmentMember = z.object({
  departmentId: field(Id, { zh: "部门", en: "Department" }, { kind: "department" }),
});
const InvitationFields = z.object({
  expiresAt: field(Instant, { zh: "有效至", en: "Valid until" }),
  issuedBy: field(Id, { zh: "发出邀请的人", en: "Invited by" }, { kind: "account" }),
});

const followed = audits("access", {
  access_account: {
    list: "listAccounts",
    title: "display_name",
    masked: ["login"],
    ignored: ["has_password", "created_at"],
  },
  access_account_role: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "账号的角色", en: "account's role" },
    fields: AccountRole,
  },
  access_invitation: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "邀请", en: "invitation" },
    ignored: ["created_at"],
    fields: InvitationFields,
  },
  access_second_factor: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "两步验证", en: "second factor" },
    ignored: ["last_step", "created_at"],
    fields: z.object({ confirmedAt: field(Instant, { zh: "启用时间", en: "Switched on" }) }),
  },
  access_recovery_code: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "恢复码", en: "recovery code" },
    masked: ["code_hash"],
  },
  access_role: { list: "listRoles", title: "name", ignored: ["created_at"] },
  access_department: {
    list: "listDepartments",
    title: "name",
    ignored: ["created_at"],
    fields: z.object({ headId: field(Id, { zh: "部门主管", en: "Head" }, { kind: "account" }) }),
  },
  access_department_member: {
    of: "access_account",
    key: ["account_id"],
    noun: { zh: "账号的部门", en: "account's department" },
    fields: DepartmentMember,
  },
});

export const access = contract(followed, {
  ...ownSessionRoutes,
  ...signInRoutes,
  listOtherTenants: route.get("/me/tenants", {
    summary: "The other businesses that the caller has proven to be theirs, by this session",
    access: authenticated,
    reply: z.object({ items: z.array(Tenant.pick({ id: true, name: true })) }),
  }),
  proveTenant: route.post("/me/tenants", {
    summary: "Open the other businesses of the caller's login that a password opens, to this session",
    access: authenticated,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    body: z.object({ password: z.string().max(128) }),
    reply: z.object({ items: z.array(Tenant.pick({ id: true, name: true })) }),
    faults: [wrongCredentials, lockedOut, placeLockedOut, tooManyRequests],
  }),
  switchTenant: route.post("/sessions/switch", {
    summary: "Go on in another business that this session has proven, in place of this one",
    access: authenticated,
    whileReadOnly: true,
    byThemselves: true,
    effect: "change",
    body: z.object({ tenantId: Id, keepIn }),
    reply: SignedIn,
    sets: setsSession,
    faults: [notFound, wrongCredentials],
  }),
  logout: route.post("/sessions/logout", {
    summary: "End this session",
    access: authenticated,
    whileReadOnly: true,
    duringMaintenance: true,
    whileHeldBack: true,
    effect: "change",
    reply: z.object({}),
    sets: setsSession,
  }),
  me: route.get("/me", {
    summary: "Who is signed in, and what they may do",
    access: authenticated,
    whileHeldBack: true,
    reply: Me,
  }),
  listAccounts: list("/accounts", {
    item: Account,
    noun: { zh: "账号", en: "account", plural: "accounts" },
    access: accessRead,
    sort: "displayName",
    search: { zh: "姓名或登录名", en: "Name or login" },
    filters: {
      roleId: field(Id, { zh: "角色", en: "Role" }, { kind: "role" }),
      departmentId: field(Id, { zh: "部门", en: "Department" }, { kind: "department" }),
      secondFactor: field(
        z.enum(["on", "off"]),
        { zh: "两步验证", en: "Two-step sign-in" },
        { choices: { on: { zh: "已启用", en: "On" }, off: { zh: "未启用", en: "Off" } } },
      ),
    },
  }),
  createAccount: route.post("/accounts", {
    summary: "Create an account; without a password, whoever has the invitation in the reply chooses one",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    body: z.object({
      displayName: AccountFields.displayName,
      login: field(
        Login,
        { zh: "登录名", en: "Login" },
        {
          hint: {
            zh: "手机号、邮箱或工号，至少 3 个字符。",
            en: "A phone number, a mail address or a staff number.",
          },
        },
      ),
      password: Password.optional(),
      roleIds: AccountFields.roleIds,
      departmentIds: AccountFields.departmentIds.optional(),
    }),
    reply: Account.extend({ invitation: Invitation.nullable() }),
    faults: [loginTaken, weakPassword, notFound, beyondOwnRights, beyondOwnDepartments],
  }),
  updateAccount: route.patch("/accounts/:accountId", {
    summary: "Rename an account, change its roles, disable it or give it a password (its sessions end at once)",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    params: z.object({ accountId: Id }),
    body: z.object({
      displayName: AccountFields.displayName.optional(),
      roleIds: AccountFields.roleIds.optional(),
      departmentIds: AccountFields.departmentIds.optional(),
      disabled: z.boolean().optional(),
      password: Password.optional(),
    }),
    reply: Account,
    faults: [notFound, lastOwner, weakPassword, ownPassword, beyondOwnRights, beyondOwnDepartments],
  }),
  disableAccount: route.post("/accounts/:accountId/disable", {
    summary: "Switch somebody's account off, also while the business reads only; its sessions end at once",
    access: accessWrite,
    byThemselves: true,
    whileReadOnly: true,
    effect: "change",
    params: z.object({ accountId: Id }),
    reply: Account,
    faults: [notFound, lastOwner, beyondOwnRights, beyondOwnDepartments],
  }),
  inviteAccount: route.post("/accounts/:accountId/invitation", {
    summary: "Let whoever has the link choose a new password: a first one, or one in place of a forgotten one",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    params: z.object({ accountId: Id }),
    reply: Invitation,
    faults: [notFound, ownPassword, beyondOwnRights, beyondOwnDepartments],
  }),
  unlockAccount: route.post("/accounts/:accountId/unlock", {
    summary: "Let somebody try again at once who was locked out after wrong passwords",
    access: accessWrite,
    byThemselves: true,
    effect: "change",
    params: z.object({ accountId: Id }),
    reply: z.object({}),
    faults: [notFound, beyondOwnRights, beyondOwnDepartments],
  }),
  ...secondFactorRoutes,
  ...departmentRoutes,
  ...roleRoutes,
});
