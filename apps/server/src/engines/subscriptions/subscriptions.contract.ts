import { audits } from "@zhanggui/kit/contract/audited";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { customerAccess, permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { appOff, wechatRefused, wechatUnreachable } from "../connect/connect.contract.ts";

export const subscriptionsRead = permission(
  "subscriptions:read",
  { zh: "查看订阅授权", en: "See consents to subscription messages" },
  ["operator"],
);
export const subscriptionsSend = permission(
  "subscriptions:send",
  { zh: "试发订阅消息", en: "Try subscription messages on somebody" },
  ["operator"],
);

export const noGrant = fault("subscriptions.none_left", 409, {
  zh: "这位客户没有可用的订阅授权：一次同意只能发一条。请客户在小程序里再次同意。",
  en: "This customer has no consent left: each is good for one message. They have to accept again in the mini-program.",
});
export const grantRefused = fault("subscriptions.refused", 409, {
  zh: "这位客户在微信里拒收了这个模板的消息。",
  en: "This customer refused messages of this template in WeChat.",
});
export const openidUnknown = fault("subscriptions.openid_unknown", 422, {
  zh: "不知道您在这个小程序里是谁：请带上 wx.login 得到的 code。",
  en: "Nobody knows who you are in this mini-program: send the code of wx.login along.",
});

const stateChoices = {
  open: { zh: "可发送", en: "Can be sent", tone: "good" },
  spent: {
    zh: "已用完",
    en: "Used up",
    tone: "quiet",
    hint: { zh: "客户再次同意后才能发送。", en: "Nothing can be sent until they accept again." },
  },
  refused: {
    zh: "已拒收",
    en: "Refused",
    tone: "bad",
    hint: { zh: "客户在微信的设置里拒收了。", en: "They want no more of it, and said so in WeChat's settings." },
  },
} as const;
const State = z.enum(["open", "spent", "refused"]);
const appLabel = { zh: "应用", en: "App" };
const TemplateField = z.object({ name: z.string(), label: z.string() });

export const Subscription = z
  .object({
    id: Id,
    /** Null for somebody who isn't known yet. */
    person: field(Named.nullable(), { zh: "客户", en: "Person" }, { kind: "personId", width: "160px" }),
    /** As the template is called; its id where it has gone at WeChat. */
    template: field(z.string(), { zh: "模板", en: "Template" }, { width: "176px" }),
    state: field(State, { zh: "状态", en: "State" }, { filter: true, choices: stateChoices, width: "104px" }),
    lasting: field(z.boolean(), { zh: "长期订阅", en: "Lasting" }, { hidden: true }),
    remaining: field(z.int(), { zh: "还可发送", en: "Left" }, { kind: "count", width: "96px" }),
    used: field(z.int(), { zh: "已用", en: "Used" }, { kind: "count", width: "80px" }),
    app: field(Named, appLabel, { kind: "wechatApp", width: "120px" }),
    openid: field(z.string(), { zh: "openid", en: "openid" }, { hidden: true }),
    templateId: field(z.string(), { zh: "模板 ID", en: "Template ID" }, { hidden: true }),
    /** What is filled in, in order. */
    fields: field(z.array(TemplateField), { zh: "字段", en: "Fields" }, { hidden: true }),
    answeredAt: field(Instant.nullable(), { zh: "最近表态", en: "Last answered" }, { hidden: true }),
    changedAt: field(Instant, { zh: "更新于", en: "Changed" }, { sort: true, filter: "range", width: "136px" }),
  })
  .meta({ id: "Subscription" });

const entryKinds = [
  "granted",
  "rejected",
  "confirmed",
  "reserved",
  "used",
  "returned",
  "expired",
  "revoked",
  "delivered",
  "failed",
] as const;
export const SubscriptionEntry = z
  .object({
    id: Id,
    kind: z.enum(entryKinds),
    /** By how much it changes what may be sent. */
    amount: z.int(),
    source: z.enum(["dialogue", "report", "settings", "sending", "wechat", "age"]),
    msgId: z.string().nullable(),
    code: z.string().nullable(),
    traceId: z.string(),
    at: Instant,
  })
  .meta({ id: "SubscriptionEntry" });

/** Of each template how many people can be reached by it. */
export const TemplateReach = z
  .object({
    app: Named,
    templateId: z.string(),
    title: z.string(),
    lasting: z.boolean(),
    /** Whom a message can be sent to now. */
    people: z.int(),
    /** How many messages in all, lasting ones aside. */
    remaining: z.int(),
    refused: z.int(),
  })
  .meta({ id: "TemplateReach" });

const params = z.object({ subscriptionId: Id });
const followed = audits("subscriptions", {});

export const subscriptions = contract(followed, {
  list: list("/wechat/subscriptions", {
    summary: "Who lets which app send them subscription messages, and how many yet",
    item: Subscription,
    noun: { zh: "订阅授权", en: "consent", plural: "consents" },
    access: subscriptionsRead,
    sort: "-changedAt",
    live: true,
    filters: {
      wechatAppId: field(Id, appLabel, { kind: "wechatApp" }),
      templateId: field(z.string().max(100), { zh: "模板 ID", en: "Template ID" }, { seldom: true }),
    },
  }),
  reach: route.get("/wechat/subscriptions/templates", {
    summary: "Of each template how many people can be reached by it",
    access: subscriptionsRead,
    reply: z.object({ items: z.array(TemplateReach) }),
  }),
  entries: route.get("/wechat/subscriptions/:subscriptionId/entries", {
    summary: "What changed somebody's consent to a template, the latest that was written first; 200 at most",
    access: subscriptionsRead,
    params,
    reply: z.object({ items: z.array(SubscriptionEntry) }),
    faults: [notFound],
  }),
  ofPerson: route.get("/people/:personId/subscriptions", {
    summary: "Which subscription messages can be sent to somebody",
    access: subscriptionsRead,
    params: z.object({ personId: Id }),
    reply: z.object({ items: z.array(Subscription) }),
    faults: [notFound],
  }),
  send: route.post("/wechat/subscriptions/:subscriptionId/send", {
    summary: "Try a template on somebody who accepted it: uses one of their consents up",
    access: subscriptionsSend,
    effect: "reach_people",
    idempotent: true,
    params,
    body: z.object({
      /** By the fields' names in the template, e.g. `thing1`. */
      data: z.record(z.string().max(60), z.string().max(200)),
      page: field(
        z
          .string()
          .trim()
          .max(1_024)
          .refine((path) => !path.startsWith("/"), { error: "without a leading slash" })
          .optional(),
        { zh: "打开的页面", en: "Page that it opens" },
        { hint: { zh: "小程序内的路径，开头不带 /。", en: "A path in the mini-program, without a leading slash." } },
      ),
    }),
    reply: z.object({
      /** `unknown`: WeChat didn't answer, so it may have gone out; the consent counts as used. */
      outcome: z.enum(["sent", "unknown"]),
      msgId: z.string().nullable(),
    }),
    faults: [notFound, noGrant, grantRefused, appOff, wechatRefused, wechatUnreachable],
  }),
  report: route.post("/customers/me/subscriptions", {
    summary: "What wx.requestSubscribeMessage answered: WeChat's own push may be late, or off",
    access: customerAccess,
    effect: "change",
    body: z.object({
      wechatAppId: Id,
      /** Made anew for each dialogue: the same again changes nothing. */
      dialogueId: z.string().regex(/^[\w-]{8,64}$/),
      answers: z
        .record(
          z.string().min(1).max(100),
          z.enum(["accept", "reject", "ban", "filter", "acceptWithAudio", "acceptWithAlert", "acceptWithForcePush"]),
        )
        .refine((answers) => Object.keys(answers).length <= 20),
      /** How long ago by the phone's clock, for what waited for a network. */
      secondsAgo: z.int().min(0).max(86_400).default(0),
      /** Of wx.login, where the page's session doesn't know the mini-program's openid yet. */
      code: z.string().min(1).max(200).optional(),
    }),
    reply: z.object({
      /** Templates whose answer was news. */
      noted: z.int(),
    }),
    faults: [notFound, openidUnknown, appOff, wechatRefused, wechatUnreachable],
  }),
});
