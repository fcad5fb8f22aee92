import { audits } from "@zhanggui/kit/contract/audited";
import { bytes } from "@zhanggui/kit/contract/body";
import { PhoneNumber } from "@zhanggui/kit/contract/contact-address";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission, publicAccess } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { switched } from "@zhanggui/kit/contract/switched";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import {
  accountRefused,
  accountTaken,
  badCodePlace,
  badPlace,
  badPush,
  boundTwice,
  codeMissing,
  codePlaceMissing,
  foreignPlace,
  maybeSent,
  notSendable,
  noneNow,
  notSent,
  secretShape,
  valueMissing,
} from "./faults.contract.ts";

export const smsRead = permission("sms:read", { zh: "查看短信", en: "See text messages" }, ["operator"]);
export const smsWrite = permission(
  "sms:write",
  { zh: "管理短信账号和模板", en: "Manage accounts and templates of text messages" },
  [],
);

const providerNames = {
  tencent: { zh: "腾讯云", en: "Tencent Cloud" },
  aliyun: { zh: "阿里云", en: "Alibaba Cloud" },
  emay: { zh: "亿美软通", en: "emay" },
} as const;
const Provider = field(
  z.enum(["tencent", "aliyun", "emay"]),
  { zh: "服务商", en: "Carrier" },
  { choices: providerNames, filter: true, unindexed: true, width: "112px" },
);
const Weight = field(
  z.int().min(0).max(100),
  { zh: "权重", en: "Weight" },
  {
    width: "80px",
    hint: {
      zh: "按权重轮流发送；0 表示只在其他账号都不能发时使用。",
      en: "Accounts take turns by weight; 0: only where no other can send.",
    },
  },
);
const health = {
  well: { zh: "正常", en: "Well", tone: "good" },
  broken: {
    zh: "暂停使用",
    en: "Left out",
    tone: "bad",
    hint: {
      zh: "连续失败或被服务商拒绝，稍后自动重试。",
      en: "It failed or was refused; it is tried again by itself.",
    },
  },
  off: { zh: "已停用", en: "Off", tone: "quiet" },
} as const;

export const SmsAccount = z
  .object({
    id: Id,
    name: field(oneLine(40), { zh: "名称", en: "Name" }, { width: "17%" }),
    provider: Provider,
    state: field(
      z.enum(["well", "broken", "off"]),
      { zh: "状态", en: "State" },
      { choices: health, width: "104px", narrow: true },
    ),
    reason: field(
      z.object({ zh: z.string(), en: z.string() }).nullable(),
      { zh: "原因", en: "Why" },
      { placeholder: { zh: "—", en: "—" } },
    ),
    weight: Weight,
    perSecond: field(z.int().nullable(), { zh: "每秒上限", en: "Rate limit (per second)" }, { hidden: true }),
    keyId: field(z.string(), { zh: "密钥 ID", en: "Key id" }, { hidden: true }),
    sdkAppId: field(z.string().nullable(), { zh: "SdkAppId", en: "SdkAppId" }, { hidden: true }),
    /** In the last day: handed over, of those delivered. */
    sent: field(z.int(), { zh: "24 小时发送", en: "Sent (24 h)" }, { kind: "count", width: "104px" }),
    delivered: field(z.int(), { zh: "其中送达", en: "Delivered" }, { kind: "count", width: "96px" }),
    enabled: switched,
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "SmsAccount" });

const onTencent = { field: "provider", is: "eq", value: "tencent" } as const;
const Given = {
  name: SmsAccount.shape.name,
  provider: Provider,
  keyId: field(
    z.string().trim().min(1).max(100),
    { zh: "密钥 ID", en: "Key id" },
    { hint: { zh: "腾讯云 SecretId、阿里云 AccessKeyId 或亿美 appId。", en: "SecretId, AccessKeyId or appId." } },
  ),
  secret: field(z.string().trim().min(1).max(100), { zh: "密钥", en: "Secret" }, { input: "password" }),
  sdkAppId: field(
    z
      .string()
      .trim()
      .regex(/^\d{4,20}$/, { error: bilingual({ zh: "只有数字", en: "digits only" }) })
      .optional(),
    { zh: "SdkAppId", en: "SdkAppId" },
    { showWhen: onTencent, requireWhen: onTencent },
  ),
  weight: Weight,
  perSecond: field(
    z.int().min(1).max(10_000).nullable(),
    { zh: "每秒最多发送", en: "Rate limit (per second)" },
    { placeholder: { zh: "不限", en: "No limit" } },
  ),
};
const NewAccount = z.object({
  ...Given,
  weight: Weight.default(1),
  perSecond: Given.perSecond.default(null),
});

const categories = {
  code: { zh: "验证码", en: "Codes" },
  notice: { zh: "通知", en: "Notices" },
  marketing: { zh: "营销", en: "Marketing" },
} as const;
export const Category = z.enum(["code", "notice", "marketing"]);
const categoryField = field(
  Category,
  { zh: "类别", en: "Category" },
  { choices: categories, filter: true, width: "96px", unindexed: true },
);
const Binding = z.object({
  accountId: field(Id, { zh: "短信账号", en: "Account" }, { kind: "smsAccount" }),
  signature: field(
    z
      .string()
      .trim()
      .min(2)
      .max(12)
      .regex(/^[^【】\s]+$/, { error: bilingual({ zh: "不带方括号和空格", en: "without brackets and spaces" }) }),
    { zh: "签名", en: "Signature" },
  ),
  code: field(
    z.string().trim().max(60).optional(),
    { zh: "模板编号", en: "Template's code" },
    { hint: { zh: "服务商审核通过的模板编号；亿美不需要。", en: "As the carrier approved it; emay has none." } },
  ),
});
const TemplateText = field(
  z.string().trim().min(1).max(450),
  { zh: "内容", en: "Text" },
  {
    input: "textarea",
    hint: {
      zh: "不含签名；变量写作 {{ number }} 这样的英文名称，顺序与审核通过的模板一致。验证码可用 code、minutes、business。",
      en: "Without its signature; {{ number }} for what differs, in the order approved. Codes have code, minutes and business.",
    },
  },
);
export const SmsTemplate = z
  .object({
    id: Id,
    name: field(oneLine(40), { zh: "名称", en: "Name" }, { width: "18%" }),
    category: categoryField,
    text: field(z.string(), { zh: "内容", en: "Text" }),
    accounts: field(z.array(Named), { zh: "可用账号", en: "Accounts" }, { width: "20%" }),
    /** Why it can't be sent, though it is on. */
    blocked: field(
      z.object({ zh: z.string(), en: z.string() }).nullable(),
      { zh: "不能发送的原因", en: "Why it isn't sent" },
      { hidden: true },
    ),
    enabled: switched,
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
    bindings: z.array(
      Binding.extend({
        code: z.string(),
        accountName: z.string(),
        refused: z.object({ zh: z.string(), en: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: "SmsTemplate" });
const TemplateFields = {
  name: SmsTemplate.shape.name,
  category: categoryField,
  text: TemplateText,
  bindings: field(z.array(Binding).max(20), { zh: "已审核的账号", en: "Approved at" }),
};
const NewTemplate = z.object({ ...TemplateFields, bindings: TemplateFields.bindings.default([]) });

export const attemptStates = {
  submitting: { zh: "提交中", en: "Submitting", tone: "info" },
  accepted: { zh: "已提交", en: "Handed over", tone: "info" },
  delivered: { zh: "已送达", en: "Delivered", tone: "good" },
  undelivered: { zh: "未送达", en: "Not delivered", tone: "bad" },
  no_receipt: { zh: "无回执", en: "No receipt", tone: "warn" },
  refused: { zh: "被拒绝", en: "Refused", tone: "bad" },
  unreached: { zh: "未提交", en: "Not reached", tone: "bad" },
  unknown: {
    zh: "结果未知",
    en: "Unknown",
    tone: "warn",
    hint: {
      zh: "服务商没有答复，可能已经发出，因此没有重发。",
      en: "The carrier didn't answer. It may have gone out, so it wasn't sent again.",
    },
  },
} as const;
export const SmsAttempt = z
  .object({
    id: Id,
    createdAt: field(Instant, { zh: "时间", en: "At" }, { sort: "id", filter: "range", width: "136px" }),
    phone: field(z.string(), { zh: "手机号", en: "Number" }, { width: "128px", narrow: true }),
    category: field(Category, { zh: "类别", en: "Category" }, { choices: categories, filter: true, width: "96px" }),
    template: field(Named, { zh: "模板", en: "Template" }, { kind: "smsTemplate", width: "13%" }),
    account: field(Named, { zh: "账号", en: "Account" }, { kind: "smsAccount", width: "13%" }),
    state: field(
      z.enum(["submitting", "accepted", "delivered", "undelivered", "no_receipt", "refused", "unreached", "unknown"]),
      { zh: "状态", en: "State" },
      { filter: true, choices: attemptStates, width: "112px", narrow: true },
    ),
    reason: field(z.object({ zh: z.string(), en: z.string() }), { zh: "说明", en: "How it stands" }),
    segments: field(z.int().nullable(), { zh: "计费条数", en: "Texts paid for" }, { hidden: true }),
    code: field(z.string().nullable(), { zh: "状态码", en: "Code" }, { hidden: true }),
    reportedAt: field(Instant.nullable(), { zh: "回执时间", en: "Receipt" }, { hidden: true }),
    messageId: Id,
    number: z.int(),
  })
  .meta({ id: "SmsAttempt" });
export const SmsReply = z
  .object({
    id: Id,
    at: field(Instant, { zh: "时间", en: "At" }, { width: "136px" }),
    phone: field(z.string(), { zh: "手机号", en: "Number" }, { width: "128px" }),
    text: field(z.string(), { zh: "回复内容", en: "What they wrote" }),
    signature: field(z.string(), { zh: "签名", en: "Signature" }, { width: "112px" }),
    account: field(Named, { zh: "账号", en: "Account" }, { kind: "smsAccount" }),
    createdAt: field(Instant, { zh: "收到时间", en: "Came" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "SmsReply" });

const accountParams = z.object({ accountId: Id });
const ofTexts = [badPlace, foreignPlace, badCodePlace, codePlaceMissing, codeMissing, boundTwice] as const;
const templateParams = z.object({ templateId: Id });
const followed = audits("sms", {
  sms_account: {
    list: "listAccounts",
    title: "name",
    ignored: ["failures", "broken_until", "zh", "en", "created_at", "callback_key"],
    fields: z.object({ ...Given, secretSealed: field(z.string(), { zh: "密钥", en: "Secret" }), enabled: switched }),
  },
  sms_template: {
    list: "listTemplates",
    title: "name",
    ignored: ["created_at"],
    fields: z.object({ ...TemplateFields, enabled: switched }),
  },
});

export const sms = contract(followed, {
  listAccounts: list("/sms/accounts", {
    summary: "Accounts at carriers of text messages, with how they do",
    item: SmsAccount,
    noun: { zh: "短信账号", en: "account", plural: "accounts" },
    access: smsRead,
    sort: "-createdAt",
    search: { zh: "名称", en: "Name" },
    live: true,
  }),
  createAccount: route.post("/sms/accounts", {
    summary: "Add an account whose key its carrier accepts; the secret is sealed and never shown again",
    access: smsWrite,
    effect: "change",
    body: NewAccount,
    reply: SmsAccount,
    faults: [accountRefused, secretShape, accountTaken],
  }),
  getCallback: route.get("/sms/accounts/:accountId/callback", {
    summary: "Where its carrier is to push receipts and replies: whoever has the address can say what became of texts",
    access: smsWrite,
    params: accountParams,
    reply: z.object({ url: z.string() }),
    faults: [notFound],
  }),
  updateAccount: route.patch("/sms/accounts/:accountId", {
    summary: "Change an account; a secret that is left out stays as it is. A new weight counts for the next text",
    access: smsWrite,
    effect: "change",
    params: accountParams,
    body: z
      .object({ ...Given, secret: Given.secret, enabled: z.boolean() })
      .omit({ provider: true, sdkAppId: true })
      .partial(),
    reply: SmsAccount,
    faults: [notFound, accountRefused, secretShape, accountTaken],
  }),
  deleteAccount: route.delete("/sms/accounts/:accountId", {
    summary: "Take an account away: its secret is forgotten, what it sent stays on record",
    access: smsWrite,
    effect: "destroy",
    params: accountParams,
    reply: z.object({}),
    faults: [notFound],
  }),
  listTemplates: list("/sms/templates", {
    summary: "Texts with places, and at which accounts they are approved",
    item: SmsTemplate,
    noun: { zh: "短信模板", en: "template", plural: "templates" },
    access: smsRead,
    sort: "-createdAt",
    search: { zh: "名称或内容", en: "Name or text" },
  }),
  createTemplate: route.post("/sms/templates", {
    summary: "Add a template",
    access: smsWrite,
    effect: "change",
    body: NewTemplate,
    reply: SmsTemplate,
    faults: [notFound, ...ofTexts],
  }),
  updateTemplate: route.patch("/sms/templates/:templateId", {
    summary: "Change a template, or at which accounts it is approved",
    access: smsWrite,
    effect: "change",
    params: templateParams,
    body: z.object({ ...TemplateFields, enabled: z.boolean() }).partial(),
    reply: SmsTemplate,
    faults: [notFound, ...ofTexts],
  }),
  deleteTemplate: route.delete("/sms/templates/:templateId", {
    summary: "Take a template away",
    access: smsWrite,
    effect: "destroy",
    params: templateParams,
    reply: z.object({}),
    faults: [notFound],
  }),
  testTemplate: route.post("/sms/templates/:templateId/test", {
    summary: "Send a template to one number, with what is put in",
    access: smsWrite,
    effect: "reach_people",
    idempotent: true,
    limit: { perMinute: 10, by: "account" },
    params: templateParams,
    body: z.object({
      phone: field(PhoneNumber, { zh: "手机号", en: "Number" }),
      values: field(z.record(z.string().max(40), z.string().max(100)), { zh: "变量", en: "Values" }),
      accountId: field(Id.optional(), { zh: "短信账号", en: "Account" }, { kind: "smsAccount" }),
    }),
    reply: z.object({ attemptId: Id }),
    faults: [notFound, notSendable, notSent, maybeSent, noneNow, valueMissing],
  }),
  listAttempts: list("/sms/attempts", {
    summary: "Every text that was handed to a carrier, and what became of it",
    item: SmsAttempt,
    noun: { zh: "短信", en: "text message", plural: "text messages" },
    access: smsRead,
    sort: "-createdAt",
    live: true,
    filters: { accountId: field(Id, { zh: "账号", en: "Account" }, { kind: "smsAccount" }) },
  }),
  listReplies: list("/sms/replies", {
    summary: "What people wrote back",
    item: SmsReply,
    noun: { zh: "短信回复", en: "reply", plural: "replies" },
    access: smsRead,
    sort: "-createdAt",
  }),
  takePush: route.post("/sms/callback/:tenantId/:accountId", {
    summary: "What a carrier pushes: receipts and replies. Its answer is the one that the carrier wants",
    duringMaintenance: true,
    access: publicAccess,
    effect: "change",
    params: z.object({ tenantId: Id, accountId: Id }),
    // Not in the path, which logs have.
    query: z.object({ key: z.string().max(100) }),
    body: bytes,
    reply: bytes,
    faults: [notFound, badPush],
  }),
});
