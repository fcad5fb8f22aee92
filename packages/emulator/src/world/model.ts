/** The nouns of the emulated world. Everything here is plain data; README.md explains the words. */
import type { Staff, StaffSession, Waiting } from "./staff-shape.ts";

export type PushMode = "plain" | "compatible" | "safe";
export type PushFormat = "xml" | "json";

/** Where and how WeChat pushes an account's messages: the admin page's "server configuration". */
export interface PushConfig {
  url: string;
  token: string;
  encodingAesKey: string | null;
  mode: PushMode;
  format: PushFormat;
}

export interface Template {
  templateId: string;
  title: string;
  /** Lines like `订单号：{{order.DATA}}`. */
  content: string;
}

/** What an account may call depends on it. */
export type AccountKind = "service" | "subscription" | "miniprogram";

/** A coupon (卡券). */
export interface Card {
  cardId: string;
  title: string;
}

/** A label that an account gives followers. */
export interface Tag {
  id: number;
  name: string;
}

/** A menu for those who match. Source: doc/offiaccount/Custom_Menus/Personalized_menu_interface. */
export interface ConditionalMenu {
  menuId: string;
  button: MenuButton[];
  matchRule: { tagId: number | null; platform: string | null };
}

/** A sending to many at once. */
export interface MassSend {
  msgId: string;
  dataId: string;
  at: number;
  clientId: string | null;
  status: "SENDING" | "SEND_SUCCESS" | "SEND_FAIL" | "DELETE";
  /** Only news and videos can be taken down. */
  kind: "news" | "video" | "other";
  /** Where its articles are read. */
  urls: string[];
}

/** A draft that was published. */
export interface Publishing {
  publishId: string;
  articleId: string;
  at: number;
}

export interface MenuButton {
  type?: string | undefined;
  name: string;
  key?: string | undefined;
  url?: string | undefined;
  appid?: string | undefined;
  pagepath?: string | undefined;
  media_id?: string | undefined;
  article_id?: string | undefined;
  sub_button?: MenuButton[] | undefined;
}

/** An official account. */
export interface Account {
  appid: string;
  secret: string;
  /** `gh_…`, what messages call the account by. */
  originalId: string;
  name: string;
  /** Accounts that name the same open platform share unionids. */
  openPlatform: string | null;
  push: PushConfig | null;
  templates: Template[];
  kind: AccountKind;
  /** Verified by WeChat, which most calls need. */
  isVerified: boolean;
  /** Who may ask for tokens (40164); null: everybody. */
  ipWhitelist: string[] | null;
  /** Hosts that its pages may be sent back to after a user's consent; null: any. */
  oauthDomains: string[] | null;
  /** The tickets of the JS-SDK, by kind. */
  tickets: { [kind in "jsapi" | "wx_card"]?: { ticket: string; expiresAt: number } | undefined };
  menu: MenuButton[] | null;
  /** Names the menu in events; null without one. */
  menuId: string | null;
  conditionalMenus: ConditionalMenu[];
  tags: Tag[];
  massSends: MassSend[];
  massSpeed: number;
  publishings: Publishing[];
  /** Coupons that were made on the account's page. */
  cards: Card[];
  /** Those who serve in WeChat's own customer service, whom they serve, and who waits. */
  staff: Staff[];
  staffSessions: StaffSession[];
  staffWaiting: Waiting[];
  /** Lower daily limits for single paths, for tests. */
  dailyLimits: Record<string, number>;
  /** Paths that this account may not call (48001), as accounts that aren't verified may not send templates. */
  unauthorizedPaths: string[];
}

/** What becomes of template messages to a puppet; the wire's words are in `templateStatuses`. */
export type TemplateDelivery = "success" | "user_block" | "system_failed";

/** A pretended WeChat user. */
export interface Puppet {
  id: string;
  name: string;
  templateDelivery: TemplateDelivery;
  /** The phone: menus may be made for one kind. */
  platform: "ios" | "android" | "other";
  /** What a button for the phone number gives away. */
  phone: string;
  /** Of high risk: its logins are refused (40226). */
  isRisky: boolean;
}

/** What a puppet and an account have with each other. Objects and lists in it are replaced, and never changed. */
export interface Bond {
  readonly appid: string;
  readonly puppetId: string;
  readonly openid: string;
  readonly unionid: string | null;
  following: boolean;
  followedAt: number;
  subscribeScene: string;
  qrScene: number;
  qrSceneText: string;
  /** Customer-service messages that the account may still send, until when (milliseconds). */
  credit: Readonly<{ left: number; until: number }>;
  /** Until when the phone shows that the account is typing (milliseconds). */
  typingUntil: number;
  /** The account's own name for the user. */
  remark: string;
  tagIds: number[];
  /** On the account's black list. */
  isBlocked: boolean;
  /** Of a mini-program's user, since the last login. */
  sessionKey: string | null;
  /** By template: how many subscription messages the user still agreed to. */
  subscriptions: Record<string, number>;
  /** How many mass messages came in that month (`2026-10`). */
  massMonth: Readonly<{ month: string; count: number }>;
  chat: ChatEntry[];
}

export interface Article {
  title: string;
  description: string;
  pictureUrl: string;
  url: string;
}

export type ChatContent =
  | { kind: "text"; text: string }
  | { kind: "picture"; url: string; mediaId: string }
  | { kind: "location"; latitude: number; longitude: number; label: string; scale: number }
  | { kind: "news"; articles: Article[] }
  | { kind: "media"; type: string; mediaId: string; title: string }
  | { kind: "choices"; head: string; choices: { id: string; text: string }[]; tail: string }
  | { kind: "card"; title: string; appid: string; pagepath: string; pictureUrl: string }
  | { kind: "template"; title: string; lines: { text: string; color: string | null }[]; url: string }
  | { kind: "note"; note: "followed" | "unfollowed" | "scanned" | "tapped" | "entered" | "trouble"; text: string };

export interface ChatEntry {
  id: string;
  at: number;
  from: "puppet" | "account" | "system";
  /** How an account's entry came: as the answer to a push, or by a call. */
  via: "passive" | "custom" | "template" | "mass" | null;
  content: ChatContent;
}

export interface QrCode {
  ticket: string;
  url: string;
  appid: string;
  action: "QR_SCENE" | "QR_STR_SCENE" | "QR_LIMIT_SCENE" | "QR_LIMIT_STR_SCENE";
  scene: string;
  createdAt: number;
  /** null: a permanent code. */
  expiresAt: number | null;
}

export interface Mail {
  id: string;
  at: number;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  attachments: { name: string; type: string; bytes: number }[];
  /** The message as it came, for the curious. */
  raw: string;
}

/** A text message to a phone number, as somebody handed it over to be sent. */
export interface TextMessage {
  /** The sender's own: the same one again is the same message. */
  id: string;
  at: number;
  to: string;
  text: string;
}

/** One try of a push. */
export interface PushTry {
  url: string;
  ms: number;
  status: number | null;
  reply: string;
  problem: string | null;
  /** True when a fault threw away the developer's answer. */
  dropped: boolean;
}

/** The outcome of a push, as the puppet's action reports it. */
export interface PushReport {
  id: string;
  appid: string;
  puppetId: string | null;
  /** MsgType, or the Event of an event. */
  what: string;
  /** How it went: `none` = the account has no push configuration; `held`, `lost` = a fault keeps it back, or for good. */
  outcome: "answered" | "silent" | "wrong" | "failed" | "none" | "held" | "underway" | "lost";
  tries: PushTry[];
  /** The message before encryption. */
  message: string;
  /** The body as sent (of the last try). */
  body: string;
  reply: ChatContent | null;
  /** The developer's answer, decrypted when it was encrypted. */
  replyText: string;
  problem: string | null;
  /** Reports of the further deliveries when a fault repeats the push. */
  copies: PushReport[];
}

export interface JournalEntry {
  id: string;
  at: number;
  kind: "api" | "push" | "check" | "mail" | "sms";
  appid: string | null;
  what: string;
  method: string;
  url: string;
  status: number | null;
  errcode: number | null;
  ms: number;
  /** Tries of a push; 1 for the rest. */
  tries: number;
  request: string;
  response: string;
  note: string;
  /** What WeChat's answer called the call, where it refused. */
  rid: string | null;
  /** Where a call's body differs from what WeChat documents. */
  deviations: string[];
}

/** TEMPLATESENDJOBFINISH's Status. Source: the template message page (the odd space is WeChat's). */
export const templateStatuses: Record<TemplateDelivery, string> = {
  success: "success",
  user_block: "failed:user block",
  system_failed: "failed: system failed",
};

/**
 * What a phone shows when the developer's server doesn't answer or answers nonsense. Source: the passive reply page.
 */
export const serviceTroubleText = "该公众号提供的服务出现故障，请稍后再试";
