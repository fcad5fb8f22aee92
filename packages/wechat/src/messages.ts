import { createHash } from "node:crypto";
import type { Fields } from "./fields.ts";
import { textOf } from "./fields.ts";
import { subscribeAnswers, subscribeEvents, subscribeIdentity, subscribeSents } from "./subscriptions.ts";

/**
 * What WeChat pushes to an official account, typed. Numbers stay texts: MsgId has 64 bits. `fields` is all that came,
 * for what the types don't name. Sources: developers.weixin.qq.com, service account guide, "接收普通消息", "接收事件推送" and
 * "模板消息" (TEMPLATESENDJOBFINISH), read 2026-11.
 */
interface Pushed {
  /** The account's original id, `gh_…`. */
  readonly toUserName: string;
  /** The sender's openid. */
  readonly fromUserName: string;
  /** Seconds since 1970, as WeChat wrote them. */
  readonly createTime: string;
  readonly fields: Fields;
}

interface Message extends Pushed {
  readonly msgId: string;
}

export interface TextMessage extends Message {
  readonly type: "text";
  readonly content: string;
}

export interface ImageMessage extends Message {
  readonly type: "image";
  readonly mediaId: string;
  readonly picUrl: string | undefined;
}

export interface VoiceMessage extends Message {
  readonly type: "voice";
  readonly mediaId: string;
  readonly format: string | undefined;
  /** What speech recognition heard, where the account has it. */
  readonly recognition: string | undefined;
}

export interface VideoMessage extends Message {
  readonly type: "video" | "shortvideo";
  readonly mediaId: string;
  readonly thumbMediaId: string | undefined;
}

export interface LocationMessage extends Message {
  readonly type: "location";
  readonly latitude: string;
  readonly longitude: string;
  readonly scale: string | undefined;
  readonly label: string | undefined;
}

export interface LinkMessage extends Message {
  readonly type: "link";
  readonly url: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
}

interface Event extends Pushed {
  readonly type: "event";
}

/** A follow; by a scan when there is a scene. */
export interface SubscribeEvent extends Event {
  readonly event: "subscribe";
  readonly scene: string | undefined;
  readonly ticket: string | undefined;
}

export interface UnsubscribeEvent extends Event {
  readonly event: "unsubscribe";
}

/** A scan by somebody who follows already. */
export interface ScanEvent extends Event {
  readonly event: "SCAN";
  readonly scene: string;
  readonly ticket: string | undefined;
}

export interface LocationEvent extends Event {
  readonly event: "LOCATION";
  readonly latitude: string;
  readonly longitude: string;
  readonly precision: string | undefined;
}

/** A tap on a menu button with a key. */
export interface ClickEvent extends Event {
  readonly event: "CLICK";
  readonly eventKey: string;
}

/** A tap on a menu button with a page. */
export interface ViewEvent extends Event {
  readonly event: "VIEW";
  readonly url: string;
  readonly menuId: string | undefined;
}

/** Somebody opens the customer-service chat from a mini-program's page. */
export interface EnterSessionEvent extends Event {
  readonly event: "user_enter_tempsession";
  /** What the page's button says of itself, `session-from`. */
  readonly sessionFrom: string | undefined;
}

/** The receipt of a template message: `success`, `failed:user block` or `failed: system failed`. */
export interface TemplateSentEvent extends Event {
  readonly event: "TEMPLATESENDJOBFINISH";
  /** The `msgid` that sending answered. */
  readonly msgId: string;
  readonly status: string;
}

/** How a mass sending ended. What `total` has more than `sent` and `failed` was left out before sending. */
export interface MassSentEvent extends Event {
  readonly event: "MASSSENDJOBFINISH";
  /** The `msg_id` that sending answered. */
  readonly msgId: string;
  /** `send success`, `send fail`, `err(10001)` … */
  readonly status: string;
  readonly total: number;
  readonly sent: number;
  readonly failed: number;
}

/** What somebody answered in the dialogue of a subscription, or said later in their settings. */
export interface SubscribeAnsweredEvent extends Event {
  readonly event: "subscribe_msg_popup_event" | "subscribe_msg_change_event";
  readonly answers: ReturnType<typeof subscribeAnswers>;
}

/** What became of subscription messages. */
export interface SubscribeSentEvent extends Event {
  readonly event: "subscribe_msg_sent_event";
  readonly sent: ReturnType<typeof subscribeSents>;
}

/** A message or event of a kind not named above; nothing is lost, `fields` has it all. */
export interface UnknownPush extends Pushed {
  readonly type: "unknown";
  readonly msgType: string;
  readonly event: string | undefined;
  readonly msgId: string | undefined;
}

export type InboundEvent =
  | SubscribeEvent
  | UnsubscribeEvent
  | ScanEvent
  | LocationEvent
  | ClickEvent
  | ViewEvent
  | EnterSessionEvent
  | TemplateSentEvent
  | MassSentEvent
  | SubscribeAnsweredEvent
  | SubscribeSentEvent;

export type InboundMessage =
  | TextMessage
  | ImageMessage
  | VoiceMessage
  | VideoMessage
  | LocationMessage
  | LinkMessage
  | InboundEvent
  | UnknownPush;

export class MissingField extends Error {
  readonly field: string;

  constructor(field: string) {
    super(`the field ${field} is missing`);
    this.name = "MissingField";
    this.field = field;
  }
}

/**
 * Types a parsed push. Throws MissingField where a field is absent without which the push can't be understood or told
 * from its repeats. An absent field of less weight becomes undefined: a customer's message is worth more than a
 * complete record.
 */
export function toMessage(fields: Fields): InboundMessage {
  const pushed: Pushed = {
    toUserName: filled(fields, "ToUserName"),
    fromUserName: shortId(fields, "FromUserName"),
    createTime: digits(fields, "CreateTime"),
    fields,
  };
  const msgType = filled(fields, "MsgType");
  if (msgType.toLowerCase() === "event") return toEvent(pushed);
  const build = messageBuilders[msgType.toLowerCase()];
  if (build !== undefined) return build({ ...pushed, msgId: filled(fields, "MsgId") });
  return { ...pushed, type: "unknown", msgType, event: undefined, msgId: textOf(fields, "MsgId") };
}

/**
 * The scene of a follow by scan or a scan, without the `qrscene_` that WeChat puts before it on a follow; else
 * undefined.
 */
export function sceneOf(message: InboundMessage): string | undefined {
  if (message.type !== "event") return undefined;
  return message.event === "subscribe" || message.event === "SCAN" ? message.scene : undefined;
}

/** When WeChat says the push happened. */
export function createdAt(message: InboundMessage): Date {
  return new Date(Number(message.createTime) * 1_000);
}

/**
 * What a push and its repeats have in common, unique within one account and at most 200 characters.
 *
 * Messages: the MsgId, as WeChat advises. Events have none, and WeChat advises FromUserName + CreateTime. That merges
 * different events of one second (a follow and its scan; two receipts; two buttons), so Event is added, and the event's
 * own identity: MsgID of a receipt, the list of a subscription's, else EventKey (scene, button, page). Adding is safe:
 * a repeat carries the same fields as the first try, so no repeat gets another key. The ticket isn't added: it only
 * names the code whose scene EventKey gives. Sources: "接收普通消息" and "接收事件推送" (关于重试的消息排重; the latter in copies),
 * read 2026-11; same-second events: github.com/chanjarster/weixin-java-tools issue 66. That a repeat's fields are the
 * same is recalled.
 */
export function dedupeKey(message: InboundMessage): string {
  if (message.type !== "event" && message.msgId !== undefined) return bounded("message", [message.msgId]);
  const { fields } = message;
  const event = textOf(fields, "Event") ?? textOf(fields, "MsgType") ?? "";
  const own =
    subscribeIdentity(event, fields) ??
    textOf(fields, "MsgID") ??
    textOf(fields, "MsgId") ??
    textOf(fields, "EventKey") ??
    "";
  return bounded("event", [message.fromUserName, message.createTime, event, own]);
}

const longestKey = 200;

function bounded(kind: string, parts: readonly string[]): string {
  const key = [kind, ...parts.map(encodeURIComponent)].join(":");
  // A page's address may be long, and a database index has a limit.
  return key.length <= longestKey ? key : `${kind}:sha256:${createHash("sha256").update(key).digest("hex")}`;
}

const messageBuilders: Readonly<Record<string, (message: Message) => InboundMessage>> = Object.assign(
  Object.create(null) as Record<string, never>,
  {
    text: (message: Message): TextMessage => ({
      ...message,
      type: "text",
      content: present(message.fields, "Content"),
    }),
    image: (message: Message): ImageMessage => ({
      ...message,
      type: "image",
      mediaId: filled(message.fields, "MediaId"),
      picUrl: textOf(message.fields, "PicUrl"),
    }),
    voice: (message: Message): VoiceMessage => ({
      ...message,
      type: "voice",
      mediaId: filled(message.fields, "MediaId"),
      format: textOf(message.fields, "Format"),
      recognition: textOf(message.fields, "Recognition"),
    }),
    video: (message: Message) => toVideo("video", message),
    shortvideo: (message: Message) => toVideo("shortvideo", message),
    location: (message: Message): LocationMessage => ({
      ...message,
      type: "location",
      latitude: filled(message.fields, "Location_X"),
      longitude: filled(message.fields, "Location_Y"),
      scale: textOf(message.fields, "Scale"),
      label: textOf(message.fields, "Label"),
    }),
    link: (message: Message): LinkMessage => ({
      ...message,
      type: "link",
      url: filled(message.fields, "Url"),
      title: textOf(message.fields, "Title"),
      description: textOf(message.fields, "Description"),
    }),
  },
);

function toVideo(type: "video" | "shortvideo", message: Message): VideoMessage {
  const mediaId = filled(message.fields, "MediaId");
  return { ...message, type, mediaId, thumbMediaId: textOf(message.fields, "ThumbMediaId") };
}

/** Event names are compared without case: WeChat writes `subscribe` and `SCAN`, and samples differ. */
function toEvent(pushed: Pushed): InboundMessage {
  const { fields } = pushed;
  const event = filled(fields, "Event");
  const base = { ...pushed, type: "event" } as const;
  switch (event.toLowerCase()) {
    case "subscribe":
      return {
        ...base,
        event: "subscribe",
        scene: withoutPrefix(textOf(fields, "EventKey")),
        ticket: ticketOf(fields),
      };
    case "unsubscribe":
      return { ...base, event: "unsubscribe" };
    case "scan":
      return { ...base, event: "SCAN", scene: filled(fields, "EventKey"), ticket: ticketOf(fields) };
    case "location":
      return {
        ...base,
        event: "LOCATION",
        latitude: filled(fields, "Latitude"),
        longitude: filled(fields, "Longitude"),
        precision: textOf(fields, "Precision"),
      };
    case "click":
      return { ...base, event: "CLICK", eventKey: filled(fields, "EventKey") };
    case "view":
      return { ...base, event: "VIEW", url: filled(fields, "EventKey"), menuId: textOf(fields, "MenuId") };
    case "user_enter_tempsession":
      return { ...base, event: "user_enter_tempsession", sessionFrom: textOf(fields, "SessionFrom") };
    case "templatesendjobfinish":
      return {
        ...base,
        event: "TEMPLATESENDJOBFINISH",
        msgId: filled(fields, "MsgID"),
        status: filled(fields, "Status"),
      };
    case "masssendjobfinish":
      return {
        ...base,
        event: "MASSSENDJOBFINISH",
        msgId: filled(fields, "MsgID"),
        status: filled(fields, "Status"),
        total: countOf(fields, "TotalCount"),
        sent: countOf(fields, "SentCount"),
        failed: countOf(fields, "ErrorCount"),
      };
    case subscribeEvents.popup:
      return { ...base, event: subscribeEvents.popup, answers: subscribeAnswers(fields) };
    case subscribeEvents.change:
      return { ...base, event: subscribeEvents.change, answers: subscribeAnswers(fields) };
    case subscribeEvents.sent:
      return { ...base, event: subscribeEvents.sent, sent: subscribeSents(fields) };
    default:
      return { ...pushed, type: "unknown", msgType: "event", event, msgId: undefined };
  }
}

function countOf(fields: Fields, name: string): number {
  const count = Number(textOf(fields, name));
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
}

const scenePrefix = "qrscene_";

/**
 * Only a follow's EventKey carries the prefix; a scan's own scene may well begin with the same letters and keeps them.
 */
function withoutPrefix(eventKey: string | undefined): string | undefined {
  return eventKey?.startsWith(scenePrefix) === true ? eventKey.slice(scenePrefix.length) : undefined;
}

function ticketOf(fields: Fields): string | undefined {
  return textOf(fields, "Ticket") || undefined;
}

function present(fields: Fields, name: string): string {
  const text = textOf(fields, name);
  if (text === undefined) throw new MissingField(name);
  return text;
}

function filled(fields: Fields, name: string): string {
  const text = present(fields, name);
  if (text === "") throw new MissingField(name);
  return text;
}

/** An openid has 28 characters (recalled); room for more, but not for anything. */
function shortId(fields: Fields, name: string): string {
  const text = filled(fields, name);
  if (text.length > 128) throw new MissingField(name);
  return text;
}

function digits(fields: Fields, name: string): string {
  const text = filled(fields, name);
  // Ten digits of seconds reach the year 2286.
  if (!/^\d{1,10}$/.test(text)) throw new MissingField(name);
  return text;
}
