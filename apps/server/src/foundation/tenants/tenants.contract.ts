import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission, platformPermission } from "@zhanggui/kit/contract/permission";
import { planChoices, plans } from "@zhanggui/kit/contract/plan";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { Account, Invitation, Login, TenantState } from "../access/sign-in.contract.ts";

export const tenantsRead = platformPermission(
  "tenants:read",
  { zh: "查看各企业的套餐与用量", en: "See the businesses of this server: plans, use" },
  [],
);
export const tenantsManage = platformPermission(
  "tenants:manage",
  { zh: "管理企业：开通、套餐、到期、暂停", en: "Manage the businesses of this server: open, renew, suspend" },
  [],
  { isWeighty: true },
);
export const tenantsPlan = permission(
  "tenants:plan",
  { zh: "查看本企业的套餐与用量，到期前收到提醒", en: "See the plan and its use, and hear before it ends" },
  ["business_owner", "finance"],
);

export const platformStays = fault("tenants.platform_stays", 409, {
  zh: "这是运行本系统的企业，不能到期或暂停，否则没有人能恢复它。",
  en: "This is the business that runs the server: it neither expires nor is suspended, or nobody could bring it back.",
});
export const unknownLimit = fault("tenants.unknown_limit", 422, {
  zh: "没有名为 {limit} 的限额。",
  en: "There is no limit called {limit}.",
});
export const isInUse = fault("tenants.in_use", 409, {
  zh: "该企业已有人能登录，请由他们自己邀请同事或重设密码。",
  en: "Somebody can sign in to it already: it is theirs to invite others, or to give new passwords.",
});

const states = {
  active: { zh: "正常", en: "Active", tone: "good" },
  expiring: { zh: "即将到期", en: "Ends soon", tone: "warn" },
  expired: {
    zh: "已到期",
    en: "Expired",
    tone: "bad",
    hint: { zh: "只能查看和导出，数据保留。", en: "Reads only; nothing is lost." },
  },
  suspended: {
    zh: "已暂停",
    en: "Suspended",
    tone: "bad",
    hint: { zh: "被平台暂停，只能查看和导出。", en: "Reads only, by the platform." },
  },
} as const;

const fields = {
  name: field(oneLine(60), { zh: "企业名称", en: "Business" }, { sort: true, unindexed: true, width: "22%" }),
  plan: field(z.enum(plans), { zh: "套餐", en: "Plan" }, { choices: planChoices, filter: true, unindexed: true }),
  state: field(
    TenantState,
    { zh: "状态", en: "State" },
    { choices: states, filter: true, unindexed: true, narrow: true },
  ),
  expiresAt: field(
    Instant.nullable(),
    { zh: "到期时间", en: "Expires" },
    { sort: true, filter: "range", unindexed: true, placeholder: { zh: "长期", en: "never" } },
  ),
  summary: field(z.string().trim().max(500), { zh: "简介", en: "Summary" }, { input: "textarea", hidden: true }),
};
const Said = z.object({ zh: z.string(), en: z.string() });

export const TenantRow = z
  .object({
    id: Id,
    ...fields,
    /** It runs the server: it is never suspended. */
    isPlatform: z.boolean(),
    /** Its owner has been invited and has chosen no password yet. */
    awaitsOwner: z.boolean(),
    /** How full the fullest of its limits is; null where it has none. */
    fullestPercent: field(
      z.int().nullable(),
      { zh: "用量（%）", en: "Use (%)" },
      { hint: { zh: "用得最满的一项限额", en: "Of the limit that is the fullest" }, width: "96px" },
    ),
    apps: field(z.array(z.string()), { zh: "小程序与公众号", en: "WeChat apps" }, { hidden: true }),
    use: field(z.array(Said), { zh: "用量明细", en: "What is used" }, { hidden: true }),
    createdAt: field(Instant, { zh: "开通于", en: "Opened" }, { sort: true, unindexed: true }),
  })
  .meta({ id: "TenantRow" });

/** What of something is used, and how much there may be. */
export const Use = z
  .object({
    /** `<module>.<what>`. */
    name: z.string(),
    label: Said,
    used: z.number(),
    /** Null: no limit. */
    most: z.number().nullable(),
    /** What the plan itself says; undefined for what no plan limits. */
    planMost: z.number().nullable().optional(),
    /** Agreed for this business, even if the plan says the same by now. */
    isOwn: z.boolean(),
    /** What they are called, where people know them by their names. */
    names: z.array(z.string()),
  })
  .meta({ id: "TenantUse" });

export const TenantReport = z
  .object({
    id: Id,
    name: z.string(),
    plan: z.enum(plans),
    state: TenantState,
    expiresAt: Instant.nullable(),
    suspendedBecause: z.string(),
    summary: z.string(),
    createdAt: Instant,
    /** It runs the server: it doesn't expire. */
    isPlatform: z.boolean(),
    use: z.array(Use),
  })
  .meta({ id: "TenantReport" });

const params = z.object({ tenantId: Id });
/** The owner's account, and what its password is chosen by. */
const ownerInvited = { login: z.string(), ownerName: z.string(), invitation: Invitation };
const until = field(
  Instant.nullable(),
  { zh: "到期时间", en: "Expires" },
  { hint: { zh: "留空为长期有效。到期后只能查看和导出。", en: "Empty: never. It reads only from then on." } },
);

export const tenants = contract("tenants", {
  list: list("/tenants", {
    summary: "The businesses of this server: plan, state, how much they use",
    item: TenantRow,
    noun: { zh: "企业", en: "business", plural: "businesses" },
    access: tenantsRead,
    sort: "-createdAt",
    search: { zh: "企业名称", en: "Part of the name" },
  }),
  report: route.get("/tenants/:tenantId", {
    summary: "One business: plan, expiry, summary, and what it uses of everything that modules count",
    access: tenantsRead,
    params,
    reply: TenantReport,
    faults: [notFound],
  }),
  create: route.post("/tenants", {
    summary: "Open a business with its first owner, who chooses a password by the invitation in the reply",
    access: tenantsManage,
    byThemselves: true,
    effect: "change",
    body: z.object({
      name: fields.name,
      plan: fields.plan.default("basic"),
      expiresAt: until.default(null),
      ownerName: field(Account.shape.displayName, { zh: "负责人姓名", en: "Owner's name" }),
      ownerLogin: field(Login, { zh: "负责人登录名", en: "Owner's login" }),
      summary: fields.summary.default(""),
    }),
    reply: z.object({ id: Id, name: z.string(), ...ownerInvited }),
  }),
  update: route.patch("/tenants/:tenantId", {
    summary: "Change name, plan, expiry or limits of a business; it holds in every process within a second",
    access: tenantsManage,
    effect: "change",
    params,
    body: z.object({
      name: fields.name.optional(),
      plan: fields.plan.optional(),
      expiresAt: until.optional(),
      /** In place of the plan's, all of them; a limit that isn't named is as the plan says, and null is none. */
      limits: z.record(z.string().max(100), z.int().min(0).max(1_000_000_000_000).nullable()).optional(),
      summary: fields.summary.optional(),
    }),
    reply: TenantReport,
    faults: [notFound, platformStays, unknownLimit],
  }),
  suspend: route.post("/tenants/:tenantId/suspend", {
    summary: "Let a business read only, whatever its plan says, until it is resumed; its people are told why",
    access: tenantsManage,
    effect: "change",
    params,
    body: z.object({
      because: field(oneLine(200), {
        zh: "原因（对方的所有员工都会看到）",
        en: "Why (shown to all of their staff)",
      }),
    }),
    reply: TenantReport,
    faults: [notFound, platformStays],
  }),
  resume: route.post("/tenants/:tenantId/resume", {
    summary: "Let a business that was suspended go on: what waited is done, once",
    access: tenantsManage,
    effect: "change",
    params,
    reply: TenantReport,
    faults: [notFound],
  }),
  invite: route.post("/tenants/:tenantId/invitation", {
    summary: "Another link for the first owner of a business that nobody can sign in to yet",
    access: tenantsManage,
    byThemselves: true,
    effect: "change",
    params,
    reply: z.object(ownerInvited),
    faults: [notFound, isInUse],
  }),
  own: route.get("/plan", {
    summary: "The plan of one's own business, and what it uses",
    access: tenantsPlan,
    reply: TenantReport,
  }),
});
