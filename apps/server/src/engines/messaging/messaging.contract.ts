import { byteStream } from "@zhanggui/kit/contract/body";
import { conflict, invalidInput, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { DailyFigures } from "@zhanggui/kit/contract/figures";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { permission } from "@zhanggui/kit/contract/permission";
import { audits } from "@zhanggui/kit/contract/audited";
import { contract, route } from "@zhanggui/kit/contract/route";
import { switched } from "@zhanggui/kit/contract/switched";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { conversationRoutes } from "./conversations.contract.ts";
import { CannedFields, deskRoutes } from "./desk.contract.ts";
import { DeliveryState, deliveryStates, messagingRead } from "./deliveries.contract.ts";

export { DeliveryState, messagingRead };
import {
  badPattern,
  NewRule,
  notInMiniPrograms,
  Rule,
  RuleChange,
  RuleFields,
  RuleOn,
  Occasion,
  Trial,
  Tried,
} from "./rule.contract.ts";
import { badTemplate, by, Scene, SceneFields, SceneRevision, Sentence } from "./scene.contract.ts";

export { badTemplate, NewRule, Rule };

export const messagingWrite = permission(
  "messaging:write",
  { zh: "编辑自动回复与场景", en: "Edit replies and scenes" },
  ["operator"],
);

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
    /** What wrote it where nobody did and no scene: a rule, or the word that all are busy. */
    automatic: field(z.enum(["rule", "busy"]).nullable(), { zh: "自动", en: "Automatic" }, { hidden: true }),
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
const CannedColumns = z.object({ ...CannedFields, ownerId: field(Id.nullable(), { zh: "归属人", en: "Whose" }) });
const SceneColumns = z.object({ ...SceneFields, enabled: switched });

const followed = audits("messaging", {
  messaging_rule: {
    list: "listRules",
    title: "name",
    ignored: ["answered", "created_at", "words"],
    fields: RuleColumns,
  },
  messaging_canned: { list: "listCanned", title: "shortcut", ignored: ["used", "created_at"], fields: CannedColumns },
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
   * Of the rules that apply to a message the first answers, and no other: the larger priority, then the closer: a
   * channel's own scan, any scan, a follow; an exact keyword, one that it begins with, one that it has; of each kind
   * those of one app before those of all apps, then the older. What answers anything else comes last. A rule that is
   * switched off stands where it would win.
   */
  listRules: list("/reply-rules", {
    summary: "Auto-reply rules, in the order in which they win: the closest first, of two as close the older",
    item: Rule,
    noun: { zh: "规则", en: "rule", plural: "rules" },
    access: messagingRead,
    sort: "place",
    search: { zh: "名称、关键词或回复", en: "Name, keyword or reply" },
    filters: {
      on: field(Occasion, RuleOn.label, { choices: RuleOn.choices, unindexed: true }),
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
    faults: [notFound, badPattern, badTemplate, notInMiniPrograms],
  }),
  tryRules: route.post("/reply-rules/try", {
    summary: "What would answer this now?",
    access: messagingRead,
    effect: "read",
    body: Trial,
    reply: Tried,
    faults: [notFound],
  }),
  createRule: route.post("/reply-rules", {
    summary: "Create an auto-reply rule",
    access: messagingWrite,
    effect: "change",
    body: NewRule,
    reply: Rule,
    faults: [notFound, badPattern, badTemplate, notInMiniPrograms],
  }),
  updateRule: route.patch("/reply-rules/:ruleId", {
    summary: "Change what a rule says, its words and hours, or switch it on or off",
    access: messagingWrite,
    effect: "change",
    params: z.object({ ruleId: Id }),
    body: RuleChange,
    reply: Rule,
    faults: [notFound, badPattern, badTemplate, notInMiniPrograms, invalidInput],
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
  deliveryPicture: route.get("/deliveries/:deliveryId/picture", {
    summary: "The picture that a delivery sent",
    access: messagingRead,
    params: z.object({ deliveryId: Id }),
    reply: byteStream,
    faults: [notFound],
  }),
  ...conversationRoutes,
  ...deskRoutes,
});
