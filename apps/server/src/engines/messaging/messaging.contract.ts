import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { DailyFigures } from "@zhanggui/kit/contract/figures";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { switched } from "@zhanggui/kit/contract/switched";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { conversationRoutes } from "./conversations.contract.ts";
import { DeliveryState, deliveryStates, messagingRead } from "./deliveries.contract.ts";

export { DeliveryState, messagingRead };
import { by, everyChannel, Scene, SceneFields, SceneRevision, Sentence } from "./scene.contract.ts";

export const messagingWrite = permission(
  "messaging:write",
  { zh: "编辑自动回复与场景", en: "Edit replies and scenes" },
  ["operator"],
);

export const badTemplate = fault("messaging.bad_template", 422, {
  zh: "模板写法有误：{where}{reason}",
  en: "The template is wrong: {where}{reason}",
});

/** WeChat cuts a text reply at 2,048 bytes (recalled): 600 Chinese characters stay below it. */
const ReplyText = z.string().trim().min(1).max(600);

const onScan = { field: "on", is: "eq", value: "scan" } as const;
const onKeyword = { field: "on", is: "eq", value: "keyword" } as const;
const RuleOn = {
  label: { zh: "何时回复", en: "When" },
  choices: {
    follow: { zh: "关注时", en: "Somebody follows" },
    scan: { zh: "扫码时", en: "Somebody scans" },
    keyword: { zh: "收到关键词", en: "Somebody writes" },
  },
};
const everyApp = { zh: "所有应用", en: "Every app" };
const RuleFields = {
  name: field(oneLine(60), { zh: "名称", en: "Name" }),
  /**
   * `follow`: somebody follows; `scan`: somebody scans a channel code (following or not); `keyword`: somebody writes.
   */
  on: field(z.enum(["follow", "scan", "keyword"]), RuleOn.label, { input: "radio", choices: RuleOn.choices }),
  /** For `keyword`. */
  keyword: field(
    z.string().trim().min(1).max(60).nullable(),
    { zh: "关键词", en: "Keyword" },
    { showWhen: onKeyword, requireWhen: onKeyword },
  ),
  match: field(
    z.enum(["exact", "contains"]),
    { zh: "匹配方式", en: "Match" },
    {
      input: "radio",
      showWhen: onKeyword,
      choices: { exact: { zh: "完全相同", en: "The whole text" }, contains: { zh: "包含", en: "Anywhere in it" } },
    },
  ),
  /** Only this app; null for every app. */
  wechatAppId: field(Id.nullable(), { zh: "应用", en: "App" }, { kind: "wechatApp", placeholder: everyApp }),
  /** For `scan`: only this channel; null for every channel. */
  channelId: field(
    Id.nullable(),
    { zh: "渠道", en: "Channel" },
    { kind: "channel", showWhen: onScan, placeholder: everyChannel },
  ),
  reply: field(ReplyText, { zh: "回复内容", en: "Reply" }),
  enabled: switched,
};
export const Rule = z
  .object({
    id: Id,
    name: field(RuleFields.name, { zh: "名称", en: "Name" }, { width: "17%" }),
    /** Its turn among all rules: the first that applies answers. */
    place: field(z.int(), { zh: "顺序", en: "Turn" }, { sort: true, unindexed: true, width: "72px" }),
    when: field(Sentence, { zh: "何时回复", en: "When" }, { width: "15%" }),
    app: field(
      Named.nullable(),
      { zh: "应用", en: "App" },
      { kind: "wechatApp", placeholder: everyApp, width: "112px" },
    ),
    channel: field(
      Named.nullable(),
      { zh: "渠道", en: "Channel" },
      { kind: "channel", placeholder: everyChannel, width: "112px" },
    ),
    reply: field(ReplyText, { zh: "回复内容", en: "Reply" }),
    answered: field(z.int(), { zh: "已回复", en: "Answered" }, { kind: "count", sort: true, unindexed: true }),
    enabled: RuleFields.enabled,
    /** Why it can never answer, though it is on; null if it may. */
    blocked: field(Sentence.nullable(), { zh: "不会回复的原因", en: "Why it never answers" }, { hidden: true }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { hidden: true }),
    on: z.enum(["follow", "scan", "keyword"]),
    keyword: z.string().nullable(),
    match: z.enum(["exact", "contains"]),
    wechatAppId: Id.nullable(),
    channelId: Id.nullable(),
  })
  .meta({ id: "Rule" });
export const NewRule = z
  .object({
    ...RuleFields,
    keyword: RuleFields.keyword.default(null),
    match: RuleFields.match.default("exact"),
    wechatAppId: RuleFields.wechatAppId.default(null),
    channelId: RuleFields.channelId.default(null),
    enabled: z.boolean().default(true),
  })
  .refine((rule) => (rule.on === "keyword") === (rule.keyword !== null), {
    error: bilingual({
      zh: "关键词规则要有关键词，其他规则不能有",
      en: "a keyword rule needs a keyword, the others take none",
    }),
    path: ["keyword"],
  })
  .refine((rule) => rule.on === "scan" || rule.channelId === null, {
    error: bilingual({ zh: "只有扫码规则可以指定渠道", en: "only a rule for scans can be a channel's own" }),
    path: ["channelId"],
  });

export const DeliverySummary = z
  .object({
    id: Id,
    /** As the person is called now. */
    personName: field(z.string(), { zh: "客户", en: "Person" }, { kind: "person", width: "176px" }),
    personId: Id,
    /** Whose it is to read: the person's own, or the leader's of their channel. */
    recipient: field(z.object({ zh: z.string(), en: z.string() }), { zh: "收件人", en: "Goes to" }, { width: "12%" }),
    /** The openid or mail address. */
    to: field(z.string(), { zh: "地址", en: "Address" }, { hidden: true }),
    /** Null for what an operator wrote. */
    sceneName: field(z.string().nullable(), { zh: "场景", en: "Scene" }, { width: "11%" }),
    /** Who wrote it, by the name of then; null for what a scene sent. */
    authorName: field(z.string().nullable(), { zh: "操作人", en: "Written by" }, { hidden: true }),
    channel: field(
      z.enum(["wechat_template", "mail", "wechat_reply"]),
      { zh: "方式", en: "By" },
      {
        filter: true,
        width: "112px",
        choices: { ...by.choices, wechat_reply: { zh: "客服回复", en: "Reply" } },
      },
    ),
    state: field(DeliveryState, { zh: "状态", en: "State" }, { filter: true, choices: deliveryStates, width: "112px" }),
    /** Why it stands where it stands. */
    reason: field(z.object({ zh: z.string(), en: z.string() }), { zh: "原因", en: "Why" }),
    traceId: z.string(),
    createdAt: field(Instant, { zh: "时间", en: "At" }, { sort: "id", filter: "range", width: "136px" }),
    updatedAt: field(Instant, { zh: "最近变化", en: "Last change" }, { hidden: true }),
  })
  .meta({ id: "DeliverySummary" });
export const DeliveryStep = z
  .object({
    at: Instant,
    /** `asked`, `decided`, `submitting`, `answered`, `receipt`, `lost` */
    kind: z.string(),
    zh: z.string(),
    en: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "DeliveryStep" });
export const DeliveryDetail = z
  .object({ ...DeliverySummary.shape, content: z.record(z.string(), z.unknown()), steps: z.array(DeliveryStep) })
  .meta({ id: "DeliveryDetail" });

const RuleColumns = z.object({ ...RuleFields, deletedAt: field(Instant.nullable(), { zh: "删除于", en: "Deleted" }) });
const SceneColumns = z.object({ ...SceneFields, enabled: switched });

const followed = audits("messaging", {
  messaging_rule: { list: "listRules", title: "name", ignored: ["answered", "created_at"], fields: RuleColumns },
  messaging_scene: { list: "listScenes", laterOnly: true, ignored: ["created_at", "version"] },
  messaging_scene_version: {
    of: "messaging_scene",
    key: ["scene_id"],
    title: "name",
    version: "version",
    noun: { zh: "场景", en: "scene" },
    ignored: ["created_at", "changed_by"],
    fields: SceneColumns,
  },
});

export const messaging = contract(followed, {
  /**
   * Of the rules that apply to a message the first answers, and no other: a channel's own scan, any scan, a follow, an
   * exact keyword, a contained one; of each kind those of one app before those of all apps, then the older. A rule that
   * is switched off stands where it would win.
   */
  listRules: list("/reply-rules", {
    summary: "Auto-reply rules, in the order in which they win: the closest first, of two as close the older",
    item: Rule,
    noun: { zh: "规则", en: "rule", plural: "rules" },
    access: messagingRead,
    sort: "place",
    search: { zh: "名称、关键词或回复", en: "Name, keyword or reply" },
    filters: {
      on: field(z.enum(["follow", "scan", "keyword"]), RuleOn.label, { choices: RuleOn.choices, unindexed: true }),
      wechatAppId: field(Id, { zh: "应用", en: "App" }, { kind: "wechatApp", unindexed: true, seldom: true }),
      channelId: field(Id, { zh: "渠道", en: "Channel" }, { kind: "channel", unindexed: true }),
    },
  }),
  checkRule: route.post("/reply-rules/check", {
    summary: "Whether a rule that is about to be made could ever answer, and if not, why",
    access: messagingRead,
    effect: "read",
    body: NewRule,
    reply: z.object({ blocked: Sentence.nullable() }),
    faults: [notFound],
  }),
  createRule: route.post("/reply-rules", {
    summary: "Create an auto-reply rule",
    access: messagingWrite,
    effect: "change",
    body: NewRule,
    reply: Rule,
    faults: [notFound],
  }),
  updateRule: route.patch("/reply-rules/:ruleId", {
    summary: "Change a rule's reply, or switch it on or off",
    access: messagingWrite,
    effect: "change",
    params: z.object({ ruleId: Id }),
    body: z.object({ name: RuleFields.name, reply: RuleFields.reply, enabled: z.boolean() }).partial(),
    reply: Rule,
    faults: [notFound],
  }),
  deleteRule: route.delete("/reply-rules/:ruleId", {
    summary: "Delete a rule; what it answered stays",
    access: messagingWrite,
    effect: "destroy",
    params: z.object({ ruleId: Id }),
    reply: z.object({}),
    faults: [notFound],
  }),
  listScenes: list("/scenes", {
    summary: "Scenes: what is sent when something happens",
    item: Scene,
    noun: { zh: "场景", en: "scene", plural: "scenes" },
    access: messagingRead,
    sort: "createdAt",
    search: { zh: "名称", en: "Name" },
    filters: { channelId: field(Id, { zh: "渠道", en: "Channel" }, { kind: "channel", unindexed: true }) },
  }),
  createScene: route.post("/scenes", {
    summary: "Create a scene",
    access: messagingWrite,
    effect: "change",
    body: z.object({
      ...SceneFields,
      channelId: SceneFields.channelId.default(null),
      enabled: SceneFields.enabled.default(true),
    }),
    reply: Scene,
    faults: [notFound, badTemplate],
  }),
  sceneHistory: route.get("/scenes/:sceneId/history", {
    summary: "Who changed a scene, when and to what; the last two hundred, newest first",
    access: messagingRead,
    params: z.object({ sceneId: Id }),
    reply: z.object({ items: z.array(SceneRevision) }),
    faults: [notFound],
  }),
  deleteScene: route.delete("/scenes/:sceneId", {
    summary: "Delete a scene: it starts no more, what it sent stays",
    access: messagingWrite,
    effect: "destroy",
    params: z.object({ sceneId: Id }),
    reply: z.object({}),
    faults: [notFound],
  }),
  updateScene: route.put("/scenes/:sceneId", {
    summary: "Change a scene: a new version, the old ones stay with what they sent",
    access: messagingWrite,
    effect: "change",
    params: z.object({ sceneId: Id }),
    body: z.object({ ...SceneFields, version: z.int().min(1) }),
    reply: Scene,
    faults: [notFound, conflict, badTemplate],
  }),
  listDeliveries: list("/deliveries", {
    item: DeliverySummary,
    noun: { zh: "投递", en: "delivery", plural: "deliveries" },
    access: messagingRead,
    live: true,
    filters: {
      personId: field(Id, { zh: "客户", en: "Person" }, { kind: "personId", seldom: true }),
      sceneId: field(Id, { zh: "场景", en: "Scene" }, { kind: "scene" }),
      traceId: field(z.string().max(64), { zh: "追踪号", en: "Trace id" }, { seldom: true }),
    },
  }),
  getFigures: route.get("/deliveries/figures", {
    summary: "What was to be sent and what failed, by the day; and whether there is a rule and a scene",
    access: messagingRead,
    reply: z.object({
      deliveries: DailyFigures,
      /** Refused, given up, or nobody knows what became of it. */
      failed: DailyFigures,
      has: z.object({ rule: z.boolean(), scene: z.boolean() }),
    }),
  }),
  getDelivery: route.get("/deliveries/:deliveryId", {
    summary: "One delivery with every decision and attempt: why it was sent or not",
    access: messagingRead,
    params: z.object({ deliveryId: Id }),
    reply: DeliveryDetail,
    faults: [notFound],
  }),
  ...conversationRoutes,
});
