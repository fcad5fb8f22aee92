import { bytes, eventStream } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { customerAccess, permission, publicAccess } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { Channel, checkAddress } from "@zhanggui/kit/contract/contact-address";
import {
  AskedReply,
  askedTooOften,
  channelChoices,
  channelOff,
  codeExpired,
  codeWrong,
} from "../../foundation/codes/codes.contract.ts";
import { customerCookie, sessionCookies, sessionDays, setsSession, signInRefused } from "./session.contract.ts";
import { wechatRoutes } from "./wechat.contract.ts";

// Others know them by this contract.
export { customerCookie, sessionDays, signInRefused };

export const customersRead = permission("customers:read", { zh: "查看客户的登录", en: "See customers' sign-ins" }, [
  "operator",
]);
export const customersManage = permission(
  "customers:manage",
  { zh: "结束和禁止客户的登录", en: "End and forbid customers' sign-ins" },
  ["operator"],
);

export const sessionOver = fault(
  "customers.session_over",
  401,
  { zh: "登录状态已失效，请重新登录。", en: "You are signed out. Sign in again." },
  { errno: 1406 },
);
const keepIn = z.enum(["reply", "cookie"]).default("reply");

const TenantId = Id.optional().meta({ description: "Which business; may be left out where the server has only one" });
const wanted = { tenantId: TenantId, channel: Channel, address: z.string().trim().min(3).max(200) };
const languageHeader = z.object({ "accept-language": z.string().max(500).optional() });
const browserHeader = z.object({ "user-agent": z.string().optional() });

export const Customer = z
  .object({
    personId: Id,
    displayName: z.string(),
    businessName: z.string(),
    /** Of WeChat's the account's name is the address. */
    signedInBy: z.object({ channel: z.enum([...Channel.options, "wechat"]), address: z.string() }),
    signedInAt: Instant,
  })
  .meta({ id: "Customer" });
const CustomerSession = z
  .object({
    /** JWT, one hour; of a session that is kept in a cookie, its page token. Sent as a bearer token. */
    accessToken: z.string(),
    accessExpiresAt: Instant,
    /** Good for one use: each renewal brings the next. Empty where the cookie keeps it. */
    refreshToken: z.string(),
    refreshExpiresAt: Instant,
    customer: Customer,
  })
  .meta({ id: "CustomerSession" });

const endedBecause = {
  signed_out: { zh: "本人退出", en: "Signed out" },
  signed_in_again: { zh: "同一浏览器重新登录", en: "Signed in again there" },
  refresh_token_reused: { zh: "令牌被重复使用", en: "Its token was used twice" },
  ended: { zh: "被运营结束", en: "Ended by the business" },
  blocked: { zh: "被禁止登录", en: "Forbidden to sign in" },
  merged: { zh: "客户已合并", en: "The person was merged" },
} as const;
export type EndedBecause = keyof typeof endedBecause;

/** That somebody is, or was, signed in. */
export const CustomerSignIn = z
  .object({
    id: Id,
    person: field(Named, { zh: "客户", en: "Person" }, { kind: "personId" }),
    channel: field(
      z.enum([...Channel.options, "wechat"]),
      { zh: "登录方式", en: "Signed in by" },
      { choices: { ...channelChoices, wechat: { zh: "微信", en: "WeChat" } }, width: "104px" },
    ),
    address: field(z.string(), { zh: "手机号或邮箱", en: "Phone or mail" }, { kind: "text", width: "152px" }),
    state: field(
      z.enum(["open", "over"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        unindexed: true,
        width: "104px",
        choices: {
          open: { zh: "登录中", en: "Signed in", tone: "good" },
          over: { zh: "已结束", en: "Over", tone: "quiet" },
        },
      },
    ),
    browser: field(z.string(), { zh: "浏览器", en: "Browser" }, { kind: "text" }),
    network: field(z.string(), { zh: "网络", en: "Network" }, { kind: "text", hidden: true }),
    endedBecause: field(
      z.enum(Object.keys(endedBecause) as [EndedBecause, ...EndedBecause[]]).nullable(),
      { zh: "结束原因", en: "Ended because" },
      { choices: endedBecause, hidden: true },
    ),
    lastSeenAt: field(Instant, { zh: "最近续期", en: "Last renewed" }, {}),
    createdAt: field(Instant, { zh: "登录时间", en: "Signed in" }, { sort: "id", filter: "range" }),
  })
  .meta({ id: "CustomerSignIn" });

const personParams = z.object({ personId: Id });
const SignInRight = z.object({
  /** Null: they may. */
  blocked: z.object({ reason: z.string(), since: Instant }).nullable(),
});

const followed = audits("customers", {
  customers_block: {
    noun: { zh: "登录禁令", en: "ban on signing in" },
    title: "reason",
    ignored: ["created_at"],
    fields: z.object({ personId: field(Id, { zh: "客户", en: "Person" }, { kind: "personId" }) }),
  },
});

export const customers = contract(followed, {
  about: route.get("/customers/business", {
    summary: "What a page for customers says before anybody has signed in",
    access: publicAccess,
    query: z.object({ tenantId: TenantId }),
    reply: z.object({
      tenantId: Id,
      businessName: z.string(),
      channels: z.array(Channel),
      /** Accounts by which people inside WeChat can sign in without a code. */
      wechat: z.array(z.object({ wechatAppId: Id, name: z.string() })),
    }),
    faults: [notFound],
    limit: { perMinute: 120, by: "address" },
  }),
  askCode: route.post("/customers/codes", {
    summary: "Send a code to sign in by; the answer doesn't tell whether the business knows the address",
    access: publicAccess,
    effect: "reach_people",
    proofOfWork: "always",
    headers: languageHeader,
    body: z
      .object({
        ...wanted,
        /** What an earlier answer gave this device: its codes count by it. */
        deviceToken: z.string().max(200).optional(),
      })
      .check(checkAddress),
    reply: AskedReply.extend({ deviceToken: z.string() }),
    faults: [notFound, askedTooOften, channelOff, signInRefused],
    limit: { perMinute: 30, by: "address" },
  }),
  signIn: route.post("/customers/sessions", {
    summary: "Sign in as a customer, with a code; who isn't known yet becomes a person, where the business wants that",
    access: publicAccess,
    effect: "change",
    headers: browserHeader,
    cookies: sessionCookies,
    body: z
      .object({
        ...wanted,
        code: z.string().trim().min(1).max(20),
        /** What asking for the code gave: the tries of whoever asked are theirs alone. */
        deviceToken: z.string().max(200),
        keepIn,
      })
      .check(checkAddress),
    reply: CustomerSession,
    sets: setsSession,
    faults: [notFound, codeWrong, codeExpired, signInRefused],
    limit: { perMinute: 30, by: "address" },
  }),
  ...wechatRoutes,
  addContact: route.post("/customers/me/contacts", {
    summary: "Add a phone number or a mail address of the customer's own; if somebody has it, the two are one",
    access: customerAccess,
    effect: "change",
    headers: browserHeader,
    cookies: sessionCookies,
    body: z
      .object({
        channel: Channel,
        address: wanted.address,
        code: z.string().trim().min(1).max(20),
        deviceToken: z.string().max(200),
        keepIn,
      })
      .check(checkAddress),
    reply: CustomerSession,
    sets: setsSession,
    faults: [codeWrong, codeExpired, signInRefused],
  }),
  refresh: route.post("/customers/sessions/refresh", {
    summary: "Renew a customer's session; a refresh token that comes again after a minute ends the whole session",
    access: publicAccess,
    effect: "change",
    cookies: sessionCookies,
    /** Without a token it is the session of the cookie that is renewed, and kept there. */
    body: z.object({ refreshToken: z.string().max(200).optional() }),
    reply: CustomerSession,
    sets: setsSession,
    faults: [sessionOver],
    limit: { perMinute: 120, by: "address" },
  }),
  signOut: route.post("/customers/sessions/end", {
    summary: "End this session of a customer",
    access: customerAccess,
    whileReadOnly: true,
    effect: "change",
    reply: z.object({}),
    sets: setsSession,
  }),
  me: route.get("/customers/me", {
    summary: "Who is signed in",
    access: customerAccess,
    reply: Customer,
  }),
  follow: route.get("/customers/me/events", {
    summary:
      "What concerns the customer who is signed in, as it happens; first the latest, or what came after the last",
    access: customerAccess,
    reply: eventStream({
      notice: z.object({ kind: z.string(), details: z.record(z.string(), z.unknown()), at: Instant }),
    }),
  }),
  list: list("/customers/sign-ins", {
    item: CustomerSignIn,
    noun: { zh: "客户登录", en: "customer's sign-in", plural: "customers' sign-ins" },
    access: customersRead,
    sort: "-createdAt",
    live: "customers_session",
    filters: { personId: field(Id, { zh: "客户", en: "Person" }, { kind: "personId" }) },
  }),
  end: route.post("/customers/sign-ins/:sessionId/end", {
    summary: "End one session of a customer at once",
    access: customersManage,
    whileReadOnly: true,
    effect: "change",
    params: z.object({ sessionId: Id }),
    reply: z.object({}),
    faults: [notFound],
  }),
  endAll: route.post("/customers/people/:personId/end", {
    summary: "End all sessions of a customer at once",
    access: customersManage,
    whileReadOnly: true,
    effect: "change",
    params: personParams,
    reply: z.object({ ended: z.int() }),
    faults: [notFound],
  }),
  getRight: route.get("/customers/people/:personId/right", {
    summary: "Whether a person may sign in",
    access: customersRead,
    params: personParams,
    reply: SignInRight,
    faults: [notFound],
  }),
  block: route.put("/customers/people/:personId/block", {
    summary: "Forbid a person to sign in, and end their sessions",
    access: customersManage,
    whileReadOnly: true,
    effect: "change",
    params: personParams,
    body: z.object({ reason: field(oneLine(200), { zh: "原因", en: "Reason" }) }),
    reply: SignInRight,
    faults: [notFound],
  }),
  unblock: route.delete("/customers/people/:personId/block", {
    summary: "Let a person sign in again",
    access: customersManage,
    effect: "change",
    params: personParams,
    reply: SignInRight,
    faults: [notFound],
  }),
  page: route.get("/customer", {
    summary: "The small page where customers sign in and see what is new; `?tenant=<id>` where the server has several",
    root: true,
    access: publicAccess,
    reply: bytes,
    sets: { headers: z.object({ "cache-control": z.string() }) },
  }),
  pageFile: route.get("/customer/:name", {
    summary: "What that page loads",
    root: true,
    access: publicAccess,
    params: z.object({ name: z.string().max(40) }),
    reply: bytes,
    sets: { headers: z.object({ "cache-control": z.string() }) },
    faults: [notFound],
  }),
});
