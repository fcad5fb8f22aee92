import { audits } from "@zhanggui/kit/contract/audited";
import { bulk } from "@zhanggui/kit/contract/bulk";
import { fault } from "@zhanggui/kit/contract/fault";
import { forbidden, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { switched } from "@zhanggui/kit/contract/switched";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const webhooksRead = permission("webhooks:read", { zh: "查看 Webhook", en: "See webhooks" }, ["developer"]);
export const webhooksManage = permission("webhooks:manage", { zh: "管理 Webhook", en: "Manage webhooks" }, [
  "developer",
]);

/** Each event costs a row and a call for each endpoint that wants it. */
export const mostEndpoints = 50;

export const nameTaken = fault("webhooks.name_taken", 409, {
  zh: "已有名为“{name}”的 Webhook。",
  en: "There is a webhook called “{name}” already.",
});
export const tooMany = fault("webhooks.too_many", 422, {
  zh: "最多可以有 {most} 个 Webhook。",
  en: "There can be no more than {most} webhooks.",
});
export const unknownEvent = fault("webhooks.unknown_event", 422, {
  zh: "没有可订阅的事件“{name}”。",
  en: "There is no event “{name}” to be told of.",
});
export const headerReserved = fault("webhooks.header_reserved", 422, {
  zh: "请求头 {name} 不能自行设置。",
  en: "The header {name} can't be set.",
});
export const headerEmpty = fault("webhooks.header_empty", 422, {
  zh: "请填写请求头 {name} 的值。",
  en: "Give a value for the header {name}.",
});
export const endpointOff = fault("webhooks.endpoint_off", 409, {
  zh: "这个 Webhook 已停用，请先启用。",
  en: "This webhook is switched off: switch it on first.",
});
/** Why an address isn't one to send to; the first says what one is. */
export const badAddress = {
  scheme: fault("webhooks.address_scheme", 422, {
    zh: "请填写 https:// 开头的完整地址。",
    en: "Give a whole address that begins with https://.",
  }),
  credentials: fault("webhooks.address_credentials", 422, {
    zh: "地址里不能有账号密码，请改用请求头。",
    en: "An address can't hold a user name or password: use a header.",
  }),
  port: fault("webhooks.address_port", 422, {
    zh: "不能投递到端口 {port}；服务器管理员可在 EGRESS_PORTS 中允许它。",
    en: "Port {port} isn't one to send to. Whoever runs the server can allow it in EGRESS_PORTS.",
  }),
  address: fault("webhooks.address_internal", 422, {
    zh: "{host} 不在公网上，不能投递；服务器管理员可在 EGRESS_NETWORKS 中允许它所在的网段。",
    en: "{host} isn't on the internet. Whoever runs the server can allow its network in EGRESS_NETWORKS.",
  }),
  unencrypted: fault("webhooks.address_unencrypted", 422, {
    zh: "发往公网的内容必须加密，请使用 https:// 地址。",
    en: "What goes over the internet is encrypted: use an https:// address.",
  }),
};
const addressFaults = Object.values(badAddress);

const states = {
  active: { zh: "正常", en: "Well", tone: "good" },
  failing: {
    zh: "投递失败中",
    en: "Failing",
    tone: "bad",
    hint: { zh: "最近一次投递失败。", en: "The last attempt failed." },
  },
  disabled: { zh: "已停用", en: "Off", tone: "quiet" },
} as const;
const reasons = {
  by_hand: { zh: "手动停用", en: "By hand" },
  gone: { zh: "接收方不再需要（410）", en: "The receiver is gone (410)" },
  failing: { zh: "连续 5 天失败", en: "Failed for five days" },
} as const;
const outcomeWords = {
  accepted: { zh: "已接收", en: "Accepted", tone: "good" },
  answered: { zh: "回答了错误", en: "Answered an error", tone: "bad" },
  timeout: { zh: "超时", en: "Timed out", tone: "bad" },
  unresolved: { zh: "找不到域名", en: "No such name", tone: "bad" },
  unreachable: { zh: "连接不上", en: "Not reached", tone: "bad" },
  insecure: { zh: "证书无效", en: "Bad certificate", tone: "bad" },
  forbidden: { zh: "地址不允许", en: "Not allowed", tone: "bad" },
} as const;
const Outcome = z.enum(["accepted", "answered", "timeout", "unresolved", "unreachable", "insecure", "forbidden"]);

const Header = z.object({
  name: field(
    z
      .string()
      .trim()
      .min(1)
      .max(60)
      .regex(/^[\w!#$%&'*+.^`|~-]+$/, {
        error: bilingual({ zh: "只能用字母、数字和 -", en: "letters, digits and - only" }),
      }),
    { zh: "名称", en: "Name" },
  ),
  value: field(
    z
      .string()
      .trim()
      .max(2000)
      .regex(/^[\t\x20-\x7e]*$/, { error: bilingual({ zh: "只能用 ASCII 字符", en: "ASCII characters only" }) }),
    { zh: "值", en: "Value" },
    {
      hint: {
        zh: "已设置的值不再显示；留空则不变。换了接收方时需重新填写。",
        en: "One that is set isn't shown again; empty keeps it, unless the receiver is another one.",
      },
    },
  ),
});

export const Endpoint = z
  .object({
    id: Id,
    name: field(oneLine(60), { zh: "名称", en: "Name" }, { width: "160px" }),
    url: field(z.string().trim().min(1).max(2048), { zh: "接收地址", en: "Address" }, { kind: "link" }),
    events: field(
      z.array(z.string().max(100)).min(1).max(200),
      { zh: "事件", en: "Events" },
      { kind: "published", input: "published", width: "112px" },
    ),
    enabled: switched,
    state: field(
      z.enum(["active", "failing", "disabled"]),
      { zh: "状态", en: "State" },
      { filter: true, unindexed: true, width: "112px", choices: states },
    ),
    disabledBecause: field(
      z.enum(["by_hand", "gone", "failing"]).nullable(),
      { zh: "停用原因", en: "Off because" },
      { hidden: true, choices: reasons },
    ),
    isOrdered: field(
      z.boolean(),
      { zh: "按顺序投递", en: "In order" },
      {
        hidden: true,
        hint: {
          zh: "一次只投递一条；前一条成功之前，后面的等待。",
          en: "One at a time: the next waits until the one before has arrived.",
        },
        choices: { true: { zh: "是", en: "Yes" }, false: { zh: "否", en: "No" } },
      },
    ),
    headerNames: field(z.array(z.string()), { zh: "自定义请求头", en: "Own headers" }, { kind: "list", hidden: true }),
    /** How its signing secret ends. */
    secretHint: field(z.string(), { zh: "签名密钥", en: "Secret" }, { hidden: true }),
    /** The secret before the last change signs too until then. */
    formerUntil: field(Instant.nullable(), { zh: "旧密钥失效", en: "Former secret until" }, { hidden: true }),
    /** Of the attempts of the last day, the last thousand at most; null if there were none. */
    successPercent: field(
      z.int().min(0).max(100).nullable(),
      { zh: "成功率", en: "Success" },
      { kind: "percent", width: "88px", hint: { zh: "最近 24 小时的投递尝试。", en: "Of the attempts of a day." } },
    ),
    waiting: field(z.int(), { zh: "待投递", en: "Waiting" }, { kind: "counted", width: "88px" }),
    lastSuccessAt: field(Instant.nullable(), { zh: "最近成功", en: "Last success" }, { width: "128px" }),
    failingSince: field(Instant.nullable(), { zh: "开始失败", en: "Failing since" }, { hidden: true }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "WebhookEndpoint" });

const deliveryStates = {
  waiting: { zh: "待投递", en: "Waiting", tone: "info" },
  paused: {
    zh: "已暂停",
    en: "Paused",
    tone: "warn",
    hint: { zh: "启用后继续。", en: "Goes on when it is on again." },
  },
  delivered: { zh: "已送达", en: "Delivered", tone: "good" },
  failed: { zh: "已放弃", en: "Given up", tone: "bad", hint: { zh: "可以重新投递。", en: "It can be sent again." } },
} as const;

export const Delivery = z
  .object({
    id: Id,
    eventName: field(z.string(), { zh: "事件", en: "Event" }, { kind: "event", filter: true, width: "20%" }),
    endpoint: field(Named, { zh: "Webhook", en: "Webhook" }, { kind: "endpoint" }),
    state: field(
      z.enum(["waiting", "paused", "delivered", "failed"]),
      { zh: "状态", en: "State" },
      { filter: true, width: "104px", narrow: true, choices: deliveryStates },
    ),
    outcome: field(
      Outcome.nullable(),
      { zh: "最近结果", en: "Last result" },
      { choices: outcomeWords, width: "128px" },
    ),
    status: field(z.int().nullable(), { zh: "状态码", en: "Status" }, { width: "80px" }),
    tookMs: field(z.int().nullable(), { zh: "耗时（毫秒）", en: "Took (ms)" }, { kind: "count", hidden: true }),
    attempts: field(z.int(), { zh: "尝试", en: "Tries" }, { kind: "count", width: "72px" }),
    nextAt: field(Instant.nullable(), { zh: "下次尝试", en: "Next try" }, { hidden: true }),
    deliveredAt: field(Instant.nullable(), { zh: "送达于", en: "Delivered" }, { hidden: true }),
    occurredAt: field(Instant, { zh: "发生于", en: "Happened" }, { hidden: true }),
    createdAt: field(Instant, { zh: "创建于", en: "Made" }, { sort: "id", filter: "range", width: "128px" }),
    eventId: Id,
  })
  .meta({ id: "WebhookDelivery" });

export const Attempt = z.object({
  id: Id,
  at: field(Instant, { zh: "时间", en: "At" }),
  outcome: field(Outcome, { zh: "结果", en: "Result" }, { choices: outcomeWords }),
  status: field(z.int().nullable(), { zh: "状态码", en: "Status" }),
  tookMs: field(z.int(), { zh: "耗时（毫秒）", en: "Took (ms)" }),
  excerpt: field(z.string(), { zh: "回答", en: "Answer" }),
});

const Given = z.object({
  name: Endpoint.shape.name,
  url: field(
    Endpoint.shape.url,
    { zh: "接收地址", en: "Address" },
    { input: "text", placeholder: { zh: "https://erp.example.com/hooks", en: "https://erp.example.com/hooks" } },
  ),
  events: Endpoint.shape.events,
  isOrdered: Endpoint.shape.isOrdered,
  ownHeaders: field(z.array(Header).max(20), { zh: "自定义请求头", en: "Own headers" }),
});
/** Told once: nobody can look it up afterwards. */
const Secret = z.string().meta({ description: "`whsec_…`, as libraries of Standard Webhooks take it" });
const params = z.object({ endpointId: Id });
const span = {
  since: field(Instant, { zh: "从", en: "From" }),
  until: field(Instant, { zh: "到", en: "Until" }),
};

const followed = audits("webhooks", {
  webhooks_endpoint: {
    list: "listEndpoints",
    title: "name",
    ignored: ["created_at", "disabled_at"],
    fields: sealedColumns(),
  },
});

const listDeliveries = list("/webhooks/deliveries", {
  summary: "What was sent, to whom, and how it went; the newest first",
  item: Delivery,
  noun: { zh: "投递", en: "delivery", plural: "deliveries" },
  access: webhooksRead,
  sort: "-createdAt",
  live: "webhooks_delivery",
  filters: { endpointId: field(Id, { zh: "Webhook", en: "Webhook" }, { kind: "endpoint" }) },
});

export const webhooks = contract(followed, {
  listEndpoints: list("/webhooks/endpoints", {
    item: Endpoint,
    noun: { zh: "Webhook", en: "webhook", plural: "webhooks" },
    access: webhooksRead,
    sort: "-createdAt",
    search: { zh: "名称的一部分", en: "Part of the name" },
    live: true,
  }),
  createEndpoint: route.post("/webhooks/endpoints", {
    summary: "Have a program told of what happens; the secret that signs is told once",
    access: webhooksManage,
    byThemselves: true,
    effect: "reach_people",
    body: Given.partial({ isOrdered: true, ownHeaders: true }),
    reply: Endpoint.extend({ secret: Secret }),
    faults: [forbidden, nameTaken, tooMany, unknownEvent, headerReserved, headerEmpty, ...addressFaults],
  }),
  updateEndpoint: route.patch("/webhooks/endpoints/:endpointId", {
    summary: "Change where, what or how is told; switch it off, or on again",
    access: webhooksManage,
    effect: "reach_people",
    params,
    body: Given.partial().extend({ enabled: z.boolean().optional() }),
    reply: Endpoint,
    faults: [forbidden, notFound, nameTaken, unknownEvent, headerReserved, headerEmpty, ...addressFaults],
  }),
  rotateSecret: route.post("/webhooks/endpoints/:endpointId/rotate", {
    summary: "Sign with a new secret; for some hours with the former one too, or not at all",
    access: webhooksManage,
    byThemselves: true,
    effect: "change",
    params,
    body: z.object({
      formerHours: field(
        z.int().min(0).max(720).default(24),
        { zh: "旧密钥继续签名（小时）", en: "The former secret still signs for (hours)" },
        {
          hint: {
            zh: "让接收方有时间换上新密钥；泄露时请填 0。",
            en: "Time for the receiver to change over. 0 if it has leaked.",
          },
        },
      ),
    }),
    reply: Endpoint.extend({ secret: Secret }),
    faults: [notFound],
  }),
  testEndpoint: route.post("/webhooks/endpoints/:endpointId/test", {
    summary: "Send a test event to this endpoint alone, whatever it is told of",
    access: webhooksManage,
    effect: "reach_people",
    params,
    reply: z.object({ deliveryId: Id }),
    faults: [notFound, endpointOff],
  }),
  countMissed: route.get("/webhooks/endpoints/:endpointId/missed", {
    summary: "How many events of a span of time it wasn't told of",
    access: webhooksRead,
    params,
    query: z.object(span),
    reply: z.object({ events: z.int(), isMore: z.boolean() }),
    faults: [notFound],
  }),
  replayMissed: route.post("/webhooks/endpoints/:endpointId/replay", {
    summary: "Tell it of the events of a span of time that it wasn't told of, the oldest first",
    access: webhooksManage,
    effect: "reach_people",
    params,
    body: z.object(span),
    reply: z.object({}),
    faults: [forbidden, notFound, endpointOff],
  }),
  deleteEndpoint: route.delete("/webhooks/endpoints/:endpointId", {
    summary: "Tell it of nothing any more; its deliveries are deleted too",
    access: webhooksManage,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound],
  }),
  listEvents: route.get("/webhooks/events", {
    summary: "What others can be told of, with the shape of each",
    access: webhooksRead,
    reply: z.object({ items: z.array(z.object({ name: z.string(), schema: z.record(z.string(), z.unknown()) })) }),
  }),
  listDeliveries,
  getDelivery: route.get("/webhooks/deliveries/:deliveryId", {
    summary: "One delivery: what is sent, and each attempt, the last one first",
    access: webhooksRead,
    params: z.object({ deliveryId: Id }),
    reply: Delivery.extend({ message: z.string().nullable(), tries: z.array(Attempt) }),
    faults: [notFound],
  }),
  resend: route.post("/webhooks/deliveries/:deliveryId/resend", {
    summary: "Send it again, or at once if it waits for its next try",
    access: webhooksManage,
    effect: "reach_people",
    params: z.object({ deliveryId: Id }),
    reply: z.object({}),
    faults: [notFound, endpointOff],
  }),
  resendSome: bulk("/webhooks/deliveries/resend", {
    list: listDeliveries,
    label: { zh: "重新投递", en: "Send again" },
    summary: "Send several again",
    access: webhooksManage,
    effect: "reach_people",
    passes: { off: { zh: "所属的 Webhook 已停用或删除", en: "belong to a webhook that is off or gone" } },
  }),
});

/** Columns that no list shows, as the audit log calls them. */
function sealedColumns() {
  return z.object({
    secretSealed: field(z.string(), { zh: "签名密钥", en: "Secret" }),
    formerSealed: field(z.string(), { zh: "旧签名密钥", en: "Former secret" }),
    headersSealed: field(z.string(), { zh: "请求头的值", en: "Header values" }),
  });
}
