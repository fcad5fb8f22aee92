import { fault } from "@zhanggui/kit/contract/fault";
import { invalidInput, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { Named } from "@zhanggui/kit/contract/named";
import { PageQuery, pageOf } from "@zhanggui/kit/contract/page";
import { permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { AppKind } from "../connect/app.contract.ts";
import { DeliveryState, messagingRead } from "./deliveries.contract.ts";

export const messagingReply = permission("messaging:reply", { zh: "回复客户", en: "Answer customers" }, ["operator"], {
  isScoped: true,
});
/** A conversation's owner is whoever it is assigned to. */
export const messagingTalks = permission(
  "messaging:conversations",
  { zh: "查看客户会话", en: "Read customers' conversations" },
  messagingRead.grantedTo,
  { isScoped: true },
);

export const replyWindowOver = fault("messaging.reply_window_over", 422, {
  zh: "距客户上一次来信已超过 {hours} 小时，微信不再允许回复。等客户再次来信后才能回复。",
  en: "The customer's last message is more than {hours} hours old, so WeChat takes no answer. You can answer when they write again.",
});
export const replyNotFollowing = fault("messaging.reply_not_following", 422, {
  zh: "客户已取消关注，微信不会送达回复。",
  en: "The customer no longer follows the account, so WeChat would not deliver an answer.",
});
export const replyAppOff = fault("messaging.reply_app_off", 422, {
  zh: "微信应用“{app}”已停用，不能发送消息。请先在“微信应用”中启用。",
  en: "The WeChat app “{app}” is switched off and sends nothing. Switch it on under WeChat apps first.",
});
export const replyWindowShut = fault("messaging.reply_window_shut", 422, {
  zh: "客户重新关注后还没有来信，微信暂不允许回复。等客户来信后才能回复。",
  en: "The customer came back and has not written since, so WeChat takes no answer. You can answer when they write.",
});
export const repliesUsedUp = fault("messaging.replies_used_up", 422, {
  zh: "客户来信后已回复 {limit} 条，达到微信的上限。等客户再次来信后才能继续。",
  en: "WeChat allows {limit} answers to a customer's message, and they have been sent. You can go on when they write again.",
});
export const answeredMeanwhile = fault("messaging.answered_meanwhile", 409, {
  zh: "{by} 刚刚也写了回复，您的还没有发出。请看过之后再决定是否发送。",
  en: "{by} has just written an answer too; yours has not been sent. Read it, then decide whether to send yours.",
});
export const cardNotMade = fault("messaging.card_not_made", 409, {
  zh: "这个小程序的卡片还没有做好，或它已解绑。请在“微信素材”里查看原因。",
  en: "The card of this mini-program isn't made, or it is unbound. “WeChat material” tells why.",
});
export const pictureNotTaken = fault("messaging.picture_not_taken", 422, {
  zh: "微信只接受 10 MB 以内的 PNG、JPEG 或 GIF 图片。",
  en: "WeChat takes pictures of the kinds PNG, JPEG and GIF, up to 10 MB.",
});
export const notFailed = fault("messaging.not_failed", 409, {
  zh: "只有确定没有送达的回复可以重发。",
  en: "Only an answer that certainly was not delivered can be sent again.",
});
export const wroteMeanwhile = fault("messaging.wrote_meanwhile", 409, {
  zh: "客户刚刚又来信了，请看过之后再决定。",
  en: "The customer has just written again. Read it, then decide.",
});

/** The longest text of a customer-service message, in bytes of UTF-8 (45002); recalled. */
export const replyBytes = 2_048;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
/** Kept as it was typed: line breaks and spaces are the writer's. */
export const ReplyText = z
  .string()
  .max(replyBytes)
  .refine((text) => text.trim() !== "", { error: bilingual({ zh: "请写点内容", en: "write something" }) })
  .refine((text) => bytesOf(text) <= replyBytes, {
    error: bilingual({
      zh: `太长了：微信最多 ${replyBytes} 字节，一个汉字 3 字节`,
      en: `too long: WeChat takes ${replyBytes} bytes, three for a Chinese character`,
    }),
  });

const stateChoices = {
  waiting: { zh: "待回复", en: "Waiting", tone: "warn" },
  answered: { zh: "已回复", en: "Answered", tone: "good" },
  closed: {
    zh: "已结束",
    en: "Closed",
    tone: "quiet",
    hint: { zh: "有人结束了会话；客户再来信时重新打开。", en: "Somebody closed it; it opens again when they write." },
  },
  missed: {
    zh: "已错过",
    en: "Missed",
    tone: "bad",
    hint: {
      zh: "48 小时内没有回复，微信不再允许回复。",
      en: "Nobody answered in time; WeChat takes no answer any more.",
    },
  },
  snoozed: {
    zh: "稍后处理",
    en: "Snoozed",
    tone: "info",
    hint: { zh: "到时间，或客户再来信时，重新待回复。", en: "It waits again at its time, or when they write." },
  },
  left: {
    zh: "已取关",
    en: "Left",
    tone: "quiet",
    hint: { zh: "没等到回复就取消了关注。", en: "They stopped following before they were answered." },
  },
} as const;

export const Conversation = z
  .object({
    id: Id,
    /** As they are called now; the end of the openid for somebody who isn't known yet. */
    personName: field(z.string(), { zh: "客户", en: "Person" }, { kind: "person", width: "176px" }),
    personId: Id.nullable(),
    /** Null for what isn't text; `lastKind` says what it is. */
    lastText: field(z.string().nullable(), { zh: "最后一句", en: "Last message" }),
    lastKind: z.string(),
    state: field(
      z.enum(["waiting", "answered", "snoozed", "closed", "missed", "left"]),
      { zh: "状态", en: "State" },
      { filter: true, choices: stateChoices, width: "104px" },
    ),
    /** Whose it is to answer; null: anybody's. */
    assignee: field(Named.nullable(), { zh: "负责人", en: "Whose" }, { kind: "account", width: "120px" }),
    assigneeId: field(Id.nullable(), { zh: "负责人", en: "Whose" }, { kind: "account", filter: true, hidden: true }),
    /** How many of their messages nobody who answers has looked at. */
    unread: field(z.int(), { zh: "未读", en: "Unread" }, { kind: "count", width: "72px", hidden: true }),
    snoozedUntil: field(Instant.nullable(), { zh: "稍后到", en: "Snoozed until" }, { hidden: true }),
    /** When they wrote what nothing has answered yet. Sorted by it, who waits comes first, then the latest. */
    waitingSince: field(
      Instant.nullable(),
      { zh: "等待自", en: "Waiting since" },
      { sort: "attention", width: "136px" },
    ),
    /** Until when WeChat takes an answer. */
    answerableUntil: field(Instant, { zh: "回复时限", en: "Answer by" }, { width: "136px" }),
    lastAt: field(Instant, { zh: "最近来信", en: "Last wrote" }, { hidden: true }),
    channelName: field(z.string().nullable(), { zh: "来源渠道", en: "Came by" }, { hidden: true }),
    wechatAppId: field(Id, { zh: "应用", en: "App" }, { kind: "wechatApp", filter: true, hidden: true }),
    wechatAppName: field(z.string(), { zh: "应用", en: "App" }, { width: "120px" }),
    openid: field(z.string(), { zh: "openid", en: "openid" }, { hidden: true }),
    /** Their last message: whoever closes the conversation says that they have seen it. */
    lastMessageId: Id,
  })
  .meta({ id: "Conversation" });

export const ConversationDetail = z
  .object({
    ...Conversation.shape,
    /** How many answers WeChat still takes, until `answerableUntil`: by what they last did and what was sent since. */
    repliesLeft: z.int(),
    appKind: AppKind,
    /** Until when it may be put off; null if it can't be: nobody could answer by then. */
    snoozableUntil: Instant.nullable(),
    /** Why no answer can be sent now; null if one can. */
    refusal: z.object({ code: z.string(), zh: z.string(), en: z.string() }).nullable(),
    /** The last reply that an operator wrote: whoever writes the next says that they have seen it. */
    lastReplyId: Id.nullable(),
    /** Who closed it, or answered last by hand. */
    settledBy: z.string().nullable(),
  })
  .meta({ id: "ConversationDetail" });

/** What the customer did; what WeChat told of it, and nothing that it didn't. */
export const Said = z.object({
  /** `text`, `image` …, or `event:subscribe`, `event:SCAN` … */
  kind: z.string(),
  text: z.string().nullable(),
  /** The picture, or the page that a link leads to. WeChat keeps pictures for some days only. */
  url: z.string().nullable(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  latitude: z.string().nullable(),
  longitude: z.string().nullable(),
});
/** What was sent to them: an operator's reply, or a scene's message. */
export const Sent = z.object({
  deliveryId: Id,
  channel: z.enum(["wechat_template", "wechat_reply"]),
  /** The operator, by the name of then. */
  author: z.string().nullable(),
  /** What wrote it where nobody did: a rule, or the word that all are busy. */
  automatic: z.enum(["rule", "busy"]).nullable(),
  /** That rule, as it is called now. */
  rule: z.string().nullable(),
  sceneName: z.string().nullable(),
  content: z.record(z.string(), z.unknown()),
  state: DeliveryState,
  reason: z.object({ zh: z.string(), en: z.string() }),
});
/** What staff noted, or did with the conversation; the customer never sees it. */
export const Noted = z.object({
  kind: z.enum(["note", "assigned", "taken", "handed_over", "released", "closed", "snoozed"]),
  /** By the name of then; null: the server, by turns. */
  author: z.string().nullable(),
  /** Whom it was given to. */
  to: z.string().nullable(),
  text: z.string().nullable(),
  until: Instant.nullable(),
});
export const ThreadEntry = z
  .object({
    id: Id,
    at: Instant,
    traceId: z.string(),
    said: Said.nullable(),
    /** What an auto-reply rule answered while WeChat waited; `rule` is null for one that is gone. */
    autoReply: z
      .object({
        /** `text`, `image`, `news` … */
        kind: z.string(),
        /** Its words; of what isn't text how it is called, if it is. */
        text: z.string(),
        rule: z.string().nullable(),
        state: z.enum(["taken", "doubtful"]),
      })
      .nullable(),
    sent: Sent.nullable(),
    note: Noted.nullable(),
  })
  .meta({ id: "ThreadEntry" });

const params = z.object({ conversationId: Id });

/** Why WeChat would take no answer. */
export const unanswerable = [replyWindowOver, replyWindowShut, replyNotFollowing, replyAppOff, repliesUsedUp] as const;
const replyFaults = [notFound, invalidInput, pictureNotTaken, cardNotMade, ...unanswerable, answeredMeanwhile] as const;

export const conversationRoutes = {
  listConversations: list("/conversations", {
    item: Conversation,
    noun: { zh: "会话", en: "conversation", plural: "conversations" },
    summary: "Who wrote: those who wait first, whoever has waited longest before the others",
    access: messagingTalks,
    owner: "assigneeId",
    sort: "-waitingSince",
    live: "connect_|messaging_",
    filters: {
      whose: field(
        z.enum(["mine", "nobody"]),
        { zh: "归谁", en: "Whose" },
        {
          choices: { mine: { zh: "我的", en: "Mine" }, nobody: { zh: "未分配", en: "Nobody's" } },
          unindexed: true,
        },
      ),
    },
    search: { zh: "姓名、手机号、邮箱或 openid", en: "Name, phone, mail or openid" },
  }),
  getConversation: route.get("/conversations/:conversationId", {
    summary: "One conversation: whether it can be answered now, and if not, why",
    access: messagingTalks,
    params,
    reply: ConversationDetail,
    faults: [notFound],
  }),
  readThread: route.get("/conversations/:conversationId/thread", {
    summary: "Both sides of a conversation, newest first: what they said, auto-replies, scene messages, replies, notes",
    access: messagingTalks,
    params,
    query: PageQuery,
    reply: pageOf(ThreadEntry),
    faults: [notFound],
  }),
  reply: route.post("/conversations/:conversationId/replies", {
    summary: "Answer a customer with a customer-service message, at most once, while WeChat takes one",
    access: messagingReply,
    effect: "reach_people",
    idempotent: true,
    params,
    body: z.object({
      text: ReplyText.optional(),
      /** A picture that the caller has uploaded, in place of a text: PNG, JPEG or GIF, ten megabytes at most. */
      fileId: Id.optional(),
      /** A mini-program whose card is sent in place of a text. */
      miniProgramId: Id.optional(),
      /** The canned answer that the text is made of, if it is of one. */
      cannedId: Id.optional(),
      /** `lastReplyId` as the writer has seen it: nobody answers over somebody else's head. */
      lastReplyId: Id.nullable(),
    }),
    reply: ThreadEntry,
    faults: replyFaults,
  }),
  retryReply: route.post("/conversations/:conversationId/replies/:deliveryId/retry", {
    summary: "Send an answer again that certainly was not delivered",
    access: messagingReply,
    effect: "reach_people",
    idempotent: true,
    params: params.extend({ deliveryId: Id }),
    body: z.object({ lastReplyId: Id.nullable() }),
    reply: ThreadEntry,
    faults: [...replyFaults, notFailed],
  }),
  closeConversation: route.post("/conversations/:conversationId/close", {
    summary: "It is over, with or without an answer; a new message opens it again",
    access: messagingReply,
    effect: "change",
    params,
    body: z.object({ lastMessageId: Id }),
    reply: ConversationDetail,
    faults: [notFound, wroteMeanwhile],
  }),
};
