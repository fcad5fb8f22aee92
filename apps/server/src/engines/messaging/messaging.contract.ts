import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { PageQuery, pageOf } from "@zhanggui/kit/contract/page";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const messagingRead = permission("messaging:read", { zh: "查看消息与投递", en: "See messages and deliveries" }, [
  "operator",
  "reviewer",
  "developer",
]);
export const messagingWrite = permission(
  "messaging:write",
  { zh: "编辑自动回复与场景", en: "Edit replies and scenes" },
  ["operator"],
);

export const badTemplate = fault("messaging.bad_template", 422, {
  zh: "模板「{field}」写法有误：{reason}",
  en: "The template in {field} is wrong: {reason}",
});

/** WeChat cuts a text reply at 2,048 bytes (recalled): 600 Chinese characters stay below it. */
const ReplyText = z.string().trim().min(1).max(600);

const RuleFields = {
  name: oneLine(60),
  /**
   * `follow`: somebody follows; `scan`: somebody scans a channel code (following or not); `keyword`: somebody writes.
   */
  on: z.enum(["follow", "scan", "keyword"]),
  /** Only this app; null for every app. */
  wechatAppId: Id.nullable(),
  /** For `scan`: only this channel; null for every channel. */
  channelId: Id.nullable(),
  /** For `keyword`. */
  keyword: z.string().trim().min(1).max(60).nullable(),
  match: z.enum(["exact", "contains"]),
  reply: ReplyText,
  enabled: z.boolean(),
};
export const Rule = z.object({ id: Id, ...RuleFields, answered: z.int(), createdAt: Instant }).meta({ id: "Rule" });
export const NewRule = z
  .object({
    ...RuleFields,
    wechatAppId: RuleFields.wechatAppId.default(null),
    channelId: RuleFields.channelId.default(null),
    keyword: RuleFields.keyword.default(null),
    match: RuleFields.match.default("exact"),
    enabled: RuleFields.enabled.default(true),
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

/** Sentences are Liquid templates over `person`, `channel` and `app`: `{{ person.displayName }}`. */
const Template = z.string().trim().min(1).max(2000);
export const TemplateItem = z.object({
  channel: z.literal("wechat_template"),
  /** The template's id at WeChat. */
  templateId: z.string().trim().min(1).max(100),
  /** WeChat's fields (`first`, `keyword1`, `thing2` …) and what to put into each. */
  data: z.record(z.string().max(40), Template).refine((data) => Object.keys(data).length <= 20, {
    error: bilingual({ zh: "最多 20 个字段", en: "at most 20 fields" }),
  }),
  /** What a tap on the message opens. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .optional(),
});
export const MailItem = z.object({
  channel: z.literal("mail"),
  /** `leader`: whoever owns the channel; `person`: the person, if a mail address is known. */
  to: z.enum(["leader", "person"]),
  subject: z.string().trim().min(1).max(200),
  text: Template,
});
export const SceneItem = z.discriminatedUnion("channel", [TemplateItem, MailItem]);
export type SceneItem = z.output<typeof SceneItem>;
/** The events that can start a scene. */
export const SceneTrigger = z.enum(["audience.channel_entered.v1", "audience.person_followed.v1"]);
export type SceneTrigger = z.output<typeof SceneTrigger>;
const SceneFields = {
  name: oneLine(60),
  trigger: SceneTrigger,
  /** Only this channel; null for every channel. */
  channelId: Id.nullable(),
  items: z.array(SceneItem).min(1).max(10),
  enabled: z.boolean(),
};
export const Scene = z.object({ id: Id, ...SceneFields, version: z.int(), createdAt: Instant }).meta({ id: "Scene" });

/**
 * `ready`: will be sent; `submitting`: on its way out; `accepted`: the provider took it; `delivered`: the provider says
 * it arrived; `failed`: refused; `unknown`: the server died or lost the answer in the middle, so it may or may not have
 * gone out, and it is not sent again; `suppressed`: not sent, for the reason in its decisions.
 */
export const DeliveryState = z.enum([
  "ready",
  "submitting",
  "accepted",
  "delivered",
  "failed",
  "unknown",
  "suppressed",
]);
export type DeliveryState = z.output<typeof DeliveryState>;
export const DeliverySummary = z
  .object({
    id: Id,
    sceneName: z.string(),
    channel: z.enum(["wechat_template", "mail"]),
    /** The openid or mail address. */
    to: z.string(),
    personId: Id,
    personName: z.string(),
    state: DeliveryState,
    /** Why it stands where it stands, in both languages. */
    zh: z.string(),
    en: z.string(),
    traceId: z.string(),
    createdAt: Instant,
    updatedAt: Instant,
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

export const messaging = contract("messaging", {
  /**
   * Of the rules that apply to a message the first answers, and no other: a channel's own scan, any scan, a follow, an
   * exact keyword, a contained one; of each kind those of one app before those of all apps, then the older. A rule that
   * is switched off stands where it would win.
   */
  listRules: route.get("/reply-rules", {
    summary: "Auto-reply rules, in the order in which they win: the closest first, of two as close the older",
    access: messagingRead,
    reply: z.object({ items: z.array(Rule) }),
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
    body: z.object({ name: RuleFields.name.optional(), reply: ReplyText.optional(), enabled: z.boolean().optional() }),
    reply: Rule,
    faults: [notFound],
  }),
  deleteRule: route.delete("/reply-rules/:ruleId", {
    summary: "Delete a rule",
    access: messagingWrite,
    effect: "destroy",
    params: z.object({ ruleId: Id }),
    reply: z.object({}),
    faults: [notFound],
  }),
  listScenes: route.get("/scenes", {
    summary: "Scenes: what is sent when something happens",
    access: messagingRead,
    reply: z.object({ items: z.array(Scene) }),
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
  updateScene: route.put("/scenes/:sceneId", {
    summary: "Change a scene: a new version, the old ones stay with what they sent",
    access: messagingWrite,
    effect: "change",
    params: z.object({ sceneId: Id }),
    body: z.object({ ...SceneFields, version: z.int().min(1) }),
    reply: Scene,
    faults: [notFound, conflict, badTemplate],
  }),
  listDeliveries: route.get("/deliveries", {
    summary: "Deliveries, newest first",
    access: messagingRead,
    query: PageQuery.extend({
      personId: Id.optional(),
      sceneId: Id.optional(),
      state: DeliveryState.optional(),
      traceId: z.string().max(64).optional(),
    }),
    reply: pageOf(DeliverySummary),
  }),
  getDelivery: route.get("/deliveries/:deliveryId", {
    summary: "One delivery with every decision and attempt: why it was sent or not",
    access: messagingRead,
    params: z.object({ deliveryId: Id }),
    reply: DeliveryDetail,
    faults: [notFound],
  }),
});
