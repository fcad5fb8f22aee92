import { audits } from "@zhanggui/kit/contract/audited";
import { redirect } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission, publicAccess } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { beyondOwnRights } from "../access/roles.contract.ts";
import { sessionCookies, setsSession } from "../access/sign-in.contract.ts";

/** Whoever says how others sign in can become any of them: only who holds everything anyway may change it. */
export const identityManage = permission("identity:manage", { zh: "管理统一登录", en: "Manage single sign-on" }, [], {
  isWeighty: true,
});

export const nameTaken = fault("identity.name_taken", 409, {
  zh: "已有名为“{name}”的统一登录。",
  en: "There is a provider called “{name}” already.",
});
export const issuerWrong = fault("identity.issuer_wrong", 422, {
  zh: "从该地址读不到 OpenID Connect 配置，请核对地址，并确认服务器能访问它。",
  en: "No OpenID Connect configuration could be read there. Check the address, and that the server can reach it.",
});
export const issuerRefused = fault("identity.issuer_refused", 422, {
  zh: "该地址不在公网上，或不是 https，不能使用；服务器管理员可在 EGRESS_NETWORKS、EGRESS_PORTS 中允许它。",
  en: "That isn't https on the internet. Whoever runs the server can allow it in EGRESS_NETWORKS and EGRESS_PORTS.",
});
export const signInFailed = fault("identity.sign_in_failed", 400, {
  zh: "这次登录已失效，或被对方拒绝。请回到登录页再试一次。",
  en: "This sign-in is over, or was refused by the other side. Go back to the sign-in page and try again.",
});
export const providerAway = fault("identity.provider_away", 503, {
  zh: "暂时连接不上贵公司的登录系统，请稍后再试；知道密码的也可以用密码登录。",
  en: "Your company's sign-in can't be reached at the moment. Try again later, or use your password if you have one.",
});
export const notInvited = fault("identity.not_invited", 403, {
  zh: "这里还没有您的账号，请联系管理员邀请您。",
  en: "You have no account here yet; ask an administrator to invite you.",
});
export const switchedOff = fault("identity.switched_off", 403, {
  zh: "您的账号已停用，请联系管理员。",
  en: "Your account is switched off; ask an administrator.",
});

const Domain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/)
  .meta({ examples: ["lantern-tea.example"] });
const Grant = z.object({
  group: field(oneLine(200), { zh: "用户组", en: "Group" }),
  roleId: field(Id, { zh: "角色", en: "Role" }, { kind: "role" }),
});

export const Provider = z
  .object({
    id: Id,
    name: field(
      oneLine(40),
      { zh: "名称", en: "Name" },
      { hint: { zh: "登录页按钮上的字，如“公司账号”。", en: "What its button says, such as “Company account”." } },
    ),
    issuer: field(z.url().max(500), { zh: "签发方地址", en: "Issuer" }, { kind: "link" }),
    clientId: field(oneLine(200), { zh: "客户端 ID", en: "Client ID" }, { hidden: true }),
    hasSecret: field(z.boolean(), { zh: "已设密钥", en: "Has a secret" }, { hidden: true }),
    enabled: field(z.boolean(), { zh: "启用", en: "Enabled" }),
    linksByEmail: field(
      z.boolean(),
      { zh: "按邮箱匹配已有账号", en: "Match accounts by email" },
      {
        hidden: true,
        hint: {
          zh: "第一次来的人，若其已验证邮箱与某个登录名相同，就是那个账号。",
          en: "Whoever comes for the first time is the account whose login is their verified mail address.",
        },
      },
    ),
    joins: field(
      z.boolean(),
      { zh: "自动建账号", en: "Create accounts" },
      {
        width: "128px",
        hint: { zh: "没有账号的人第一次来时自动建一个。", en: "Whoever has no account is given one." },
      },
    ),
    domains: field(
      z.array(Domain).max(50),
      { zh: "允许的邮箱域名", en: "Mail domains" },
      { hidden: true, hint: { zh: "只为这些域名自动建账号；留空不限。", en: "Only of these; empty: any." } },
    ),
    roleIds: field(
      z.array(Id).max(20),
      { zh: "新账号的角色", en: "Roles of new accounts" },
      { kind: "role", hidden: true },
    ),
    groupsClaim: field(
      oneLine(100).nullable(),
      { zh: "用户组字段", en: "Groups claim" },
      {
        hidden: true,
        hint: {
          zh: "如 groups。填了它，角色由下表决定，每次登录更新；不在任何一组的人不能登录。",
          en: "Such as “groups”. Then the table below sets roles at each sign-in; who is in none of its groups is out.",
        },
      },
    ),
    groupRoles: field(z.array(Grant).max(50), { zh: "用户组与角色", en: "Groups and roles" }, { hidden: true }),
    accounts: field(z.int(), { zh: "账号数", en: "Accounts" }, { kind: "count" }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "IdentityProvider" });

const Secret = field(
  z.string().min(1).max(500).nullable(),
  { zh: "客户端密钥", en: "Client secret" },
  { input: "password", hint: { zh: "加密保存，不再显示。", en: "Sealed, and never shown again." } },
);
const given = {
  name: true,
  issuer: true,
  clientId: true,
  enabled: true,
  linksByEmail: true,
  joins: true,
  domains: true,
  roleIds: true,
  groupsClaim: true,
  groupRoles: true,
} as const;
const Given = Provider.pick(given).extend({ clientSecret: Secret });
const params = z.object({ providerId: Id });
/** Between leaving for the provider and coming back: whose it was, and what its answer has to fit. */
export const journeyCookie = "zhanggui-sign-in";
const setsJourney = { [journeyCookie]: { maxAgeSeconds: 600, sameSite: "lax" } } as const;

const followed = audits("identity", {
  identity_provider: {
    list: "list",
    title: "name",
    masked: ["client_secret_sealed"],
    ignored: ["created_at"],
    fields: z.object({ clientSecretSealed: Secret }),
  },
  identity_grant: {
    of: "identity_provider",
    key: ["provider_id"],
    noun: { zh: "统一登录给的角色", en: "role given by a provider" },
    fields: z.object({ groupName: Grant.shape.group, roleId: Grant.shape.roleId }),
  },
  identity_subject: {
    of: "identity_provider",
    key: ["provider_id"],
    noun: { zh: "统一登录的身份", en: "identity at a provider" },
    ignored: ["last_at", "created_at"],
    fields: z.object({
      accountId: field(Id, { zh: "账号", en: "Account" }, { kind: "account" }),
      subject: field(z.string(), { zh: "对方的用户标识", en: "Subject" }),
    }),
  },
});

export const identity = contract(followed, {
  list: list("/identity/providers", {
    item: Provider,
    noun: { zh: "统一登录", en: "identity provider", plural: "identity providers" },
    access: identityManage,
    sort: "createdAt",
  }),
  create: route.post("/identity/providers", {
    summary: "Let people of this business sign in by an OpenID Connect provider; its configuration is read first",
    access: identityManage,
    byThemselves: true,
    effect: "change",
    body: Given.partial({
      enabled: true,
      clientSecret: true,
      linksByEmail: true,
      joins: true,
      domains: true,
      roleIds: true,
      groupsClaim: true,
      groupRoles: true,
    }),
    reply: Provider,
    faults: [nameTaken, issuerWrong, issuerRefused, notFound, beyondOwnRights],
  }),
  update: route.patch("/identity/providers/:providerId", {
    summary: "Change a provider, or switch it off; sessions that it began go on",
    access: identityManage,
    byThemselves: true,
    effect: "change",
    params,
    body: Given.partial(),
    reply: Provider,
    faults: [notFound, nameTaken, issuerWrong, issuerRefused, beyondOwnRights],
  }),
  delete: route.delete("/identity/providers/:providerId", {
    summary: "Delete a provider; the accounts stay, and whoever has no password needs an invitation",
    access: identityManage,
    byThemselves: true,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, beyondOwnRights],
  }),
  begin: route.get("/sign-in/:tenantId/:providerId", {
    summary: "Sends a browser to the provider to sign in there",
    access: publicAccess,
    forPeople: { back: "/login" },
    limit: { perMinute: 60, by: "address" },
    params: params.extend({ tenantId: Id }),
    query: z.object({ to: z.string().max(500).optional() }),
    reply: redirect,
    sets: { cookies: setsJourney },
    faults: [notFound, providerAway],
  }),
  callback: route.get("/sign-in/callback", {
    summary: "Where the provider sends a browser back to; it goes on to the console, signed in",
    access: publicAccess,
    forPeople: { back: "/login" },
    limit: { perMinute: 60, by: "address" },
    // What an OpenID Connect provider answers with (RFC 6749 §4.1.2, RFC 9207).
    query: z.object({
      code: z.string().max(4000).optional(),
      state: z.string().max(500).optional(),
      iss: z.string().max(500).optional(),
      error: z.string().max(200).optional(),
      error_description: z.string().max(2000).optional(),
    }),
    cookies: sessionCookies.extend({ [journeyCookie]: z.string().max(4000).optional() }),
    reply: redirect,
    sets: { cookies: { ...setsSession.cookies, ...setsJourney } },
    faults: [signInFailed, providerAway, notInvited, switchedOff],
  }),
});
