import { audits } from "@zhanggui/kit/contract/audited";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { appOff, wechatRefused, wechatUnreachable } from "../connect/connect.contract.ts";

export const broadcastsRead = permission("broadcasts:read", { zh: "查看群发", en: "See broadcasts" }, [
  "operator",
  "reviewer",
]);
export const broadcastsWrite = permission("broadcasts:write", { zh: "编辑群发草稿", en: "Write broadcasts" }, [
  "operator",
]);
/** Apart from writing: what was sent to everybody can't be taken back. */
export const broadcastsSend = permission("broadcasts:send", { zh: "发出群发", en: "Send broadcasts" }, ["operator"]);

export const notSendable = fault("broadcasts.not_sendable", 422, {
  zh: "“{name}”现在不能群发：{reasonZh}",
  en: "“{name}” can't be mass sent now: {reasonEn}",
});
export const tagOfOther = fault("broadcasts.tag_of_other", 422, {
  zh: "所选标签不是这个公众号的。",
  en: "The chosen tag is not this account's.",
});
export const countChanged = fault("broadcasts.count_changed", 409, {
  zh: "人数已变：刚才 {shown} 人，现在 {people} 人。请确认后再发。",
  en: "The number has changed from {shown} to {people} people: look again, then send.",
});
export const tooFew = fault("broadcasts.too_few", 422, {
  zh: "只有 {people} 人，按标签群发至少要 {fewest} 人。",
  en: "There are only {people} people; sending by our tag takes {fewest} at least.",
});
export const nothingToTakeDown = fault("broadcasts.nothing_to_take_down", 409, {
  zh: "只有已发出的图文和视频可以撤下；文字、图片和语音发出后不能收回。",
  en: "Only articles and videos that went out can be taken down; texts, pictures and voices can't be taken back.",
});
export const nothingToResend = fault("broadcasts.nothing_to_resend", 409, {
  zh: "没有可以重发的批次：只重发确定没有发出的。",
  en: "There is nothing to send again: only what certainly didn't go out is.",
});
export const notFollowing = fault("broadcasts.not_following", 422, {
  zh: "这位客户没有关注这个公众号，收不到预览。",
  en: "This person doesn't follow the account, so a preview can't reach them.",
});

export const broadcastStates = {
  draft: { zh: "草稿", en: "Draft", tone: "quiet" },
  sending: { zh: "发送中", en: "Sending", tone: "info" },
  sent: { zh: "已发出", en: "Sent", tone: "good" },
  partly: { zh: "部分失败", en: "Partly failed", tone: "warn" },
  failed: { zh: "失败", en: "Failed", tone: "bad" },
  unknown: {
    zh: "结果未知",
    en: "Unknown",
    tone: "warn",
    hint: {
      zh: "微信没有答复，可能已经发出，因此没有重发。",
      en: "WeChat didn't answer. It may have gone out, so it wasn't sent again.",
    },
  },
  taken_down: { zh: "已撤下", en: "Taken down", tone: "quiet" },
} as const;
const State = z.enum(["draft", "sending", "sent", "partly", "failed", "unknown", "taken_down"]);
const Audience = z.enum(["all", "wechat_tag", "tag"]);
export const broadcastAudiences = {
  all: { zh: "全部粉丝", en: "All followers" },
  wechat_tag: { zh: "公众号标签", en: "A tag at WeChat" },
  tag: { zh: "客户标签", en: "A tag of ours" },
} as const;
const Message = z.enum(["text", "material"]);
const messages = {
  text: { zh: "文字", en: "Text" },
  material: { zh: "素材", en: "Material" },
} as const;
const people = z.int().nonnegative();
const appLabel = { zh: "公众号", en: "Official account" };

export const Broadcast = z
  .object({
    id: Id,
    name: field(oneLine(60), { zh: "名称", en: "Name" }, { width: "200px" }),
    state: field(State, { zh: "状态", en: "State" }, { filter: true, choices: broadcastStates }),
    app: field(Named, appLabel, { kind: "wechatApp", width: "144px" }),
    audience: field(Audience, { zh: "发给", en: "To" }, { choices: broadcastAudiences, hidden: true }),
    message: field(Message, { zh: "内容", en: "Message" }, { choices: messages, hidden: true }),
    people: field(people, { zh: "应发", en: "For" }, { kind: "count" }),
    sent: field(people, { zh: "送达", en: "Got it" }, { kind: "count" }),
    failed: field(people, { zh: "失败", en: "Failed" }, { kind: "count", hidden: true }),
    /** Whom WeChat left out before sending: those on the black list, those who refuse. */
    leftOut: field(people, { zh: "微信过滤", en: "Left out" }, { kind: "count", hidden: true }),
    /** How many more or fewer WeChat counted than we had. */
    difference: field(z.int(), { zh: "差额", en: "Difference" }, { kind: "count" }),
    sentAt: field(Instant.nullable(), { zh: "发出时间", en: "Sent" }, {}),
    /** Articles and videos that went out: what they open can be taken away. */
    canTakeDown: z.boolean(),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "Broadcast" });

const Part = z
  .object({
    number: z.int(),
    people,
    state: z.enum(["waiting", "asking", "accepted", "done", "failed", "unknown"]),
    msgId: z.string().nullable(),
    /** WeChat's own word. */
    status: z.string().nullable(),
    total: people,
    sent: people,
    failed: people,
    /** WeChat's report never came; it was asked, and tells no numbers. */
    isPolled: z.boolean(),
    zh: z.string().nullable(),
    en: z.string().nullable(),
    acceptedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
  })
  .meta({ id: "BroadcastPart" });

const onText = { field: "message", is: "eq", value: "text" } as const;
const onMaterial = { field: "message", is: "eq", value: "material" } as const;
const onWechatTag = { field: "audience", is: "eq", value: "wechat_tag" } as const;
const onTag = { field: "audience", is: "eq", value: "tag" } as const;
const Given = z.object({
  name: Broadcast.shape.name,
  wechatAppId: field(Id, appLabel, { kind: "officialAccount" }),
  audience: Broadcast.shape.audience,
  wechatTag: field(
    z
      .string()
      .regex(/^[0-9a-f-]{36}:\d{1,9}$/)
      .optional(),
    { zh: "公众号标签", en: "Tag at WeChat" },
    { kind: "wechatTag", showWhen: onWechatTag, requireWhen: onWechatTag },
  ),
  tagId: field(Id.optional(), { zh: "客户标签", en: "Tag" }, { kind: "tag", showWhen: onTag, requireWhen: onTag }),
  message: Broadcast.shape.message,
  text: field(
    z.string().trim().max(600).optional(),
    { zh: "文字", en: "Text" },
    { input: "textarea", showWhen: onText, requireWhen: onText },
  ),
  materialId: field(
    Id.optional(),
    { zh: "素材", en: "Material" },
    {
      kind: "material",
      showWhen: onMaterial,
      requireWhen: onMaterial,
      hint: {
        zh: "只列出可以群发的素材；视频须从电脑上传为“群发视频”。",
        en: "Only what can be mass sent; a video must be uploaded from disk for it.",
      },
    },
  ),
});

const BroadcastDetail = Broadcast.extend({
  text: z.string().nullable(),
  material: Named.nullable(),
  wechatTag: z.string().nullable(),
  tagId: Id.nullable(),
  /** Our tag as it is called now; null for other audiences, and for a tag that is gone. */
  tag: Named.nullable(),
  /** For how many people those parts are that certainly didn't go out, and can be sent again. */
  resendable: people,
  total: people,
  sentBy: Named.nullable(),
  endedAt: Instant.nullable(),
  parts: z.array(Part),
}).meta({ id: "BroadcastDetail" });

const params = z.object({ broadcastId: Id });
const ofWechat = [notFound, appOff, wechatRefused, wechatUnreachable] as const;
const BroadcastColumns = z.object({
  wechatAppId: Given.shape.wechatAppId,
  wechatTagId: field(z.int().nullable(), { zh: "公众号标签", en: "Tag at WeChat" }),
  tagId: Given.shape.tagId,
  text: Given.shape.text,
  materialId: Given.shape.materialId,
});
const followed = audits("broadcasts", {
  broadcasts_broadcast: {
    list: "list",
    title: "name",
    ignored: ["created_at", "total", "sent", "failed", "ended_at", "sent_as", "sent_by"],
    fields: BroadcastColumns,
  },
});

export const broadcasts = contract(followed, {
  list: list("/broadcasts", {
    summary: "Messages to many followers at once",
    item: Broadcast,
    noun: { zh: "群发", en: "broadcast", plural: "broadcasts" },
    access: broadcastsRead,
    sort: "-createdAt",
    search: { zh: "名称的一部分", en: "Part of a name" },
    live: true,
    filters: { wechatAppId: Given.shape.wechatAppId },
  }),
  get: route.get("/broadcasts/:broadcastId", {
    summary: "One broadcast with its parts and what WeChat reported of each",
    access: broadcastsRead,
    params,
    reply: BroadcastDetail,
    faults: [notFound],
  }),
  wechatTags: route.get("/broadcasts/wechat-tags", {
    summary: "The tags that WeChat keeps for each account, with how many followers have them",
    access: broadcastsRead,
    reply: z.object({
      items: z.array(z.object({ id: z.string(), name: z.string(), app: Named, people })),
    }),
  }),
  create: route.post("/broadcasts", {
    summary: "Write a broadcast; nothing is sent",
    access: broadcastsWrite,
    effect: "change",
    idempotent: true,
    body: Given,
    reply: Broadcast,
    faults: [notFound, notSendable, tagOfOther],
  }),
  update: route.put("/broadcasts/:broadcastId", {
    summary: "Change a broadcast that wasn't sent",
    access: broadcastsWrite,
    effect: "change",
    params,
    body: Given,
    reply: Broadcast,
    faults: [notFound, conflict, notSendable, tagOfOther],
  }),
  delete: route.delete("/broadcasts/:broadcastId", {
    summary: "Delete a broadcast that wasn't sent",
    access: broadcastsWrite,
    effect: "destroy",
    params,
    reply: z.object({}),
    faults: [notFound, conflict],
  }),
  preview: route.post("/broadcasts/:broadcastId/preview", {
    summary: "Show it to one follower, as it will look",
    access: broadcastsSend,
    effect: "reach_people",
    idempotent: true,
    params,
    body: z.object({ personId: field(Id, { zh: "客户", en: "Person" }, { kind: "follower" }) }),
    reply: z.object({}),
    faults: [...ofWechat, notSendable, notFollowing],
  }),
  count: route.get("/broadcasts/:broadcastId/count", {
    summary: "How many it would reach now, in how many calls",
    access: broadcastsRead,
    params,
    reply: z.object({ people, calls: z.int() }),
    faults: ofWechat,
  }),
  send: route.post("/broadcasts/:broadcastId/send", {
    summary: "Send it to as many people as were shown; it can't be taken back",
    access: broadcastsSend,
    effect: "reach_people",
    idempotent: true,
    params,
    body: z.object({ people }),
    reply: Broadcast,
    faults: [...ofWechat, conflict, notSendable, countChanged, tooFew],
  }),
  resend: route.post("/broadcasts/:broadcastId/resend", {
    summary: "Send the parts again that certainly didn't go out, to as many people as were shown",
    access: broadcastsSend,
    effect: "reach_people",
    idempotent: true,
    params,
    body: z.object({ people }),
    reply: Broadcast,
    faults: [...ofWechat, notSendable, countChanged, tooFew, nothingToResend],
  }),
  takeDown: route.post("/broadcasts/:broadcastId/take-down", {
    summary: "Take articles or a video down: the card stays on the phones, what it opens is gone",
    access: broadcastsSend,
    effect: "destroy",
    params,
    reply: Broadcast,
    faults: [...ofWechat, nothingToTakeDown],
  }),
});
