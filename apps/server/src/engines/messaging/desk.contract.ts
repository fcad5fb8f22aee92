import { byteStream } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { invalidInput, notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { appOff, mediaGone, wechatRefused, wechatUnreachable } from "../connect/call.contract.ts";
import {
  ConversationDetail,
  messagingReply,
  messagingTalks,
  ThreadEntry,
  unanswerable,
  wroteMeanwhile,
} from "./conversations.contract.ts";
import { badTemplate } from "./scene.contract.ts";

export const assignedMeanwhile = fault("messaging.assigned_meanwhile", 409, {
  zh: "会话刚刚已由 {by} 负责，请看过之后再决定。",
  en: "The conversation has just become {by}'s. Look again, then decide.",
});
export const releasedMeanwhile = fault("messaging.released_meanwhile", 409, {
  zh: "会话刚刚被放回了未分配，请看过之后再决定。",
  en: "The conversation has just been given back to everybody. Look again, then decide.",
});
export const snoozeTooLong = fault("messaging.snooze_too_long", 422, {
  zh: "最晚只能推迟到微信不再允许回复之前 {minutes} 分钟，再晚就会错过这位客户。",
  en: "It can be put off until {minutes} minutes before WeChat takes no answer any more; later, the customer would be lost.",
});
export const cannotAnswer = fault("messaging.cannot_answer", 422, {
  zh: "{name} 没有“回复客户”的权限，不能接手会话。",
  en: "{name} may not answer customers, so no conversation can be theirs.",
});
export const shortcutTaken = fault("messaging.shortcut_taken", 409, {
  zh: "快捷词“{shortcut}”已经有了，请换一个。",
  en: "There is a shortcut “{shortcut}” already; choose another.",
});
export const pictureGone = fault("messaging.picture_gone", 410, {
  zh: "微信已经不再保存这张图片，或暂时取不到。",
  en: "WeChat keeps this picture no longer, or it can't be had now.",
});

const NoteText = z.string().trim().min(1).max(1000);
const params = z.object({ conversationId: Id });
const cannedParams = z.object({ cannedId: Id });

export const CannedFields = {
  shortcut: field(
    z
      .string()
      .trim()
      .min(1)
      .max(20)
      .regex(/^[^\s/]+$/, { error: bilingual({ zh: "不含空格和斜杠", en: "without spaces and slashes" }) }),
    { zh: "快捷词", en: "Shortcut" },
    { hint: { zh: "在回复框里输入 / 和它就能找到。", en: "Typed behind / in an answer." }, width: "144px" },
  ),
  text: field(z.string().trim().min(1).max(600), { zh: "内容", en: "Text" }, { input: "template" }),
};
export const Canned = z
  .object({
    id: Id,
    ...CannedFields,
    isShared: field(
      z.boolean(),
      { zh: "谁可以用", en: "For" },
      {
        choices: { true: { zh: "所有人", en: "Everybody" }, false: { zh: "自己", en: "Myself" } },
        width: "112px",
      },
    ),
    used: field(z.int(), { zh: "用过", en: "Used" }, { kind: "count", sort: true, unindexed: true, width: "96px" }),
    createdAt: field(Instant, { zh: "创建时间", en: "Created" }, { sort: "id", hidden: true }),
  })
  .meta({ id: "CannedAnswer" });

export const Staff = z.object({
  id: Id,
  name: z.string(),
  /** Whether they take new conversations now. */
  isOnDuty: z.boolean(),
  /** How many are theirs and not closed. */
  open: z.int(),
});

export const deskRoutes = {
  assignConversation: route.post("/conversations/:conversationId/assign", {
    summary: "Take a conversation, hand it over with a word, or give it back to everybody",
    access: messagingReply,
    effect: "change",
    params,
    body: z.object({
      /** Whose it becomes; null: nobody's. */
      assigneeId: Id.nullable(),
      /** Whose it was when the caller looked; null: nobody's. */
      from: Id.nullable(),
      /** For whoever goes on; never sent to the customer. */
      note: NoteText.optional(),
    }),
    reply: ConversationDetail,
    faults: [notFound, assignedMeanwhile, releasedMeanwhile, cannotAnswer],
  }),
  noteConversation: route.post("/conversations/:conversationId/notes", {
    summary: "Note something for colleagues; it is never sent",
    access: messagingReply,
    effect: "change",
    idempotent: true,
    params,
    body: z.object({ text: NoteText }),
    reply: ThreadEntry,
    faults: [notFound],
  }),
  readConversation: route.post("/conversations/:conversationId/read", {
    summary: "Say that it has been read up to this message",
    access: messagingReply,
    effect: "change",
    params,
    body: z.object({ lastMessageId: Id }),
    reply: z.object({}),
    faults: [notFound],
  }),
  snoozeConversation: route.post("/conversations/:conversationId/snooze", {
    summary: "Put a conversation off until a time in which they can still be answered, or until they write again",
    access: messagingReply,
    effect: "change",
    params,
    body: z.object({ lastMessageId: Id, until: Instant }),
    reply: ConversationDetail,
    faults: [notFound, wroteMeanwhile, invalidInput, snoozeTooLong, ...unanswerable],
  }),
  showTyping: route.post("/conversations/:conversationId/typing", {
    summary: "Show on the customer's phone, for some seconds, that somebody is writing",
    access: messagingReply,
    effect: "reach_people",
    params,
    reply: z.object({ isShown: z.boolean() }),
    faults: [notFound],
    limit: { perMinute: 30, by: "account" },
  }),
  pictureSent: route.get("/conversations/:conversationId/pictures/:deliveryId", {
    summary: "A picture that was sent in an answer",
    access: messagingTalks,
    params: params.extend({ deliveryId: Id }),
    reply: byteStream,
    faults: [notFound],
  }),
  pictureSaid: route.get("/conversations/:conversationId/messages/:messageId/picture", {
    summary: "A picture that the customer sent, as long as WeChat keeps it: some days",
    access: messagingTalks,
    params: params.extend({ messageId: Id }),
    reply: byteStream,
    faults: [notFound, pictureGone],
  }),
  fetchMedia: route.post("/conversations/:conversationId/messages/:messageId/media", {
    summary: "An address, for some minutes, of the voice or video that the customer sent; fetched from WeChat once",
    access: messagingTalks,
    effect: "change",
    params: params.extend({ messageId: Id }),
    reply: z.object({
      url: z.string(),
      expiresAt: Instant,
      /** `audio/amr` is what WeChat's voice is; browsers don't play it. */
      contentType: z.string(),
      sizeBytes: z.int(),
    }),
    faults: [notFound, mediaGone, appOff, wechatRefused, wechatUnreachable],
  }),
  listStaff: route.get("/conversation-staff", {
    summary: "Who may answer customers, who is on duty, and how much each has",
    access: messagingReply,
    reply: z.object({ items: z.array(Staff) }),
  }),
  setDuty: route.put("/conversation-staff/duty", {
    summary: "Go on duty, or off: whoever is on duty is given new conversations, where the tenant has it so",
    access: messagingReply,
    effect: "change",
    body: z.object({ isOnDuty: z.boolean() }),
    reply: z.object({ isOnDuty: z.boolean() }),
  }),
  listCanned: list("/canned-answers", {
    item: Canned,
    summary: "Canned answers: everybody's and one's own",
    noun: { zh: "快捷回复", en: "canned answer", plural: "canned answers" },
    access: messagingReply,
    sort: "-createdAt",
    search: { zh: "快捷词或内容", en: "Shortcut or text" },
  }),
  createCanned: route.post("/canned-answers", {
    summary: "Keep an answer that is written again and again, for oneself or for everybody",
    access: messagingReply,
    effect: "change",
    body: z.object({
      ...CannedFields,
      isShared: field(z.boolean(), { zh: "所有人可用", en: "For everybody" }).default(false),
    }),
    reply: Canned,
    faults: [shortcutTaken, badTemplate],
  }),
  updateCanned: route.patch("/canned-answers/:cannedId", {
    summary: "Change a canned answer",
    access: messagingReply,
    effect: "change",
    params: cannedParams,
    body: z.object(CannedFields).partial(),
    reply: Canned,
    faults: [notFound, shortcutTaken, badTemplate],
  }),
  deleteCanned: route.delete("/canned-answers/:cannedId", {
    summary: "Delete a canned answer; what was sent stays",
    access: messagingReply,
    effect: "destroy",
    params: cannedParams,
    reply: z.object({}),
    faults: [notFound],
  }),
  fillCanned: route.get("/conversations/:conversationId/canned-answers", {
    summary: "Canned answers, filled in for this customer, those that are used most first",
    access: messagingReply,
    params,
    query: z.object({ search: z.string().max(60).default("") }),
    reply: z.object({
      items: z.array(
        z.object({
          id: Id,
          shortcut: z.string(),
          /** Filled in; as it was written if it can't be. */
          text: z.string(),
          /** Why it can't be filled in for them, so that it isn't to be sent; null: it can. */
          trouble: z.object({ zh: z.string(), en: z.string() }).nullable(),
        }),
      ),
    }),
    faults: [notFound],
  }),
};
