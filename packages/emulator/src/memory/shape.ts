import { z } from "zod";
import { SavedCarriers } from "../sms/model.ts";
import { ChatEntryShape } from "../world/chat-shape.ts";
import { MenuButtonShape } from "../world/menu-shape.ts";
import { SavedMiniCodes } from "../world/mini-codes.ts";
import { SavedOAuth } from "../world/oauth.ts";
import { ClockInput, NewFault } from "../world/inputs.ts";
import { StaffRecordShape, StaffSessionShape, StaffShape, WaitingShape } from "../world/staff-shape.ts";
import type { Account, Bond, JournalEntry, Mail, Puppet, QrCode, TextMessage } from "../world/model.ts";

/** Counted up when the shape below changes its meaning: a file of another version is moved aside, not guessed at. */
export const savedVersion = 1;

const Ticket = z.object({ ticket: z.string(), expiresAt: z.number() });

const SavedAccount: z.ZodType<Account> = z.object({
  appid: z.string(),
  secret: z.string(),
  originalId: z.string(),
  name: z.string(),
  openPlatform: z.string().nullable(),
  push: z
    .object({
      url: z.string(),
      token: z.string(),
      encodingAesKey: z.string().nullable(),
      mode: z.enum(["plain", "compatible", "safe"]),
      format: z.enum(["xml", "json"]),
    })
    .nullable(),
  templates: z.array(z.object({ templateId: z.string(), title: z.string(), content: z.string() })),
  // Files of before have none of these.
  kind: z.enum(["service", "subscription", "miniprogram"]).default("service"),
  isVerified: z.boolean().default(true),
  ipWhitelist: z.array(z.string()).nullable().default(null),
  oauthDomains: z.array(z.string()).nullable().default(null),
  tickets: z.object({ jsapi: Ticket.optional(), wx_card: Ticket.optional() }).default({}),
  menu: z.array(MenuButtonShape).nullable(),
  menuId: z.string().nullable().default(null),
  conditionalMenus: z
    .array(
      z.object({
        menuId: z.string(),
        button: z.array(MenuButtonShape),
        matchRule: z.object({ tagId: z.number().nullable(), platform: z.string().nullable() }),
      }),
    )
    .default([]),
  tags: z.array(z.object({ id: z.number(), name: z.string() })).default([]),
  massSends: z
    .array(
      z.object({
        msgId: z.string(),
        dataId: z.string(),
        at: z.number(),
        clientId: z.string().nullable(),
        status: z.enum(["SENDING", "SEND_SUCCESS", "SEND_FAIL", "DELETE"]),
        kind: z.enum(["news", "video", "other"]),
        urls: z.array(z.string()),
      }),
    )
    .default([]),
  massSpeed: z.number().default(0),
  publishings: z.array(z.object({ publishId: z.string(), articleId: z.string(), at: z.number() })).default([]),
  cards: z.array(z.object({ cardId: z.string(), title: z.string() })).default([]),
  staff: z.array(StaffShape).default([]),
  staffSessions: z.array(StaffSessionShape).default([]),
  staffWaiting: z.array(WaitingShape).default([]),
  dailyLimits: z.record(z.string(), z.number()),
  unauthorizedPaths: z.array(z.string()),
});

const SavedPuppet: z.ZodType<Puppet> = z.object({
  id: z.string(),
  name: z.string(),
  templateDelivery: z.enum(["success", "user_block", "system_failed"]).default("success"),
  platform: z.enum(["ios", "android", "other"]).default("ios"),
  phone: z
    .string()
    .regex(/^\d{5,15}$/)
    .default("13800138000"),
  isRisky: z.boolean().default(false),
});

/** What a bond begins with isn't written, nor its unionid, which its account's open platform decides. */
const SavedBond: z.ZodType<Omit<Bond, "unionid">> = z.object({
  appid: z.string(),
  puppetId: z.string(),
  openid: z.string().regex(/^[\w-]{28}$/, "28 letters, digits, - and _"),
  following: z.boolean().default(false),
  followedAt: z.number().default(0),
  subscribeScene: z.string().default(""),
  qrScene: z.number().default(0),
  qrSceneText: z.string().default(""),
  credit: z.object({ left: z.number(), until: z.number() }).default({ left: 0, until: 0 }),
  typingUntil: z.number().default(0),
  remark: z.string().default(""),
  tagIds: z.array(z.number()).default([]),
  isBlocked: z.boolean().default(false),
  sessionKey: z.string().nullable().default(null),
  subscriptions: z.record(z.string(), z.number()).default({}),
  massMonth: z.object({ month: z.string(), count: z.number() }).default({ month: "", count: 0 }),
  chat: z.array(ChatEntryShape).default([]),
});

const SavedQrCode: z.ZodType<QrCode> = z.object({
  ticket: z.string(),
  url: z.string(),
  appid: z.string(),
  action: z.enum(["QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"]),
  scene: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
});

const SavedMedia = z.object({
  appid: z.string(),
  mediaId: z.string(),
  type: z.enum(["image", "voice", "video", "thumb", "news"]),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  place: z.enum(["temporary", "listed", "draft", "mass"]),
  name: z.string(),
  contentType: z.string(),
  base64: z.base64(),
  title: z.string(),
  description: z.string(),
  articles: z.array(
    z.object({
      title: z.string(),
      author: z.string(),
      digest: z.string(),
      content: z.string(),
      contentSourceUrl: z.string(),
      thumbMediaId: z.string(),
      needOpenComment: z.number(),
      onlyFansCanComment: z.number(),
    }),
  ),
});

const SavedMail: z.ZodType<Mail> = z.object({
  id: z.string(),
  at: z.number(),
  from: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  attachments: z.array(z.object({ name: z.string(), type: z.string(), bytes: z.number() })),
  raw: z.string(),
});

const SavedText: z.ZodType<TextMessage> = z.object({
  id: z.string(),
  at: z.number(),
  to: z.string(),
  text: z.string(),
});

const SavedJournalEntry: z.ZodType<JournalEntry> = z.object({
  id: z.string(),
  at: z.number(),
  kind: z.enum(["api", "push", "check", "mail", "sms"]),
  appid: z.string().nullable(),
  what: z.string(),
  method: z.string(),
  url: z.string(),
  status: z.number().nullable(),
  errcode: z.number().nullable(),
  ms: z.number(),
  tries: z.number(),
  request: z.string(),
  response: z.string(),
  note: z.string(),
  rid: z.string().nullable().default(null),
  deviations: z.array(z.string()).default([]),
});

export const SavedTokens = z.object({
  tokens: z.array(
    z.object({
      value: z.string(),
      appid: z.string(),
      kind: z.enum(["token", "stable_token"]),
      expiresAt: z.number(),
      endsAt: z.number().nullable(),
      /** Whether it is the account's newest of its kind. */
      isCurrent: z.boolean(),
    }),
  ),
  forced: z.array(z.object({ appid: z.string(), day: z.string(), count: z.number(), lastAt: z.number() })),
});
export type SavedTokens = z.infer<typeof SavedTokens>;

/** What there is one of. Times are milliseconds since 1970 by the emulator's clock; secrets stand in it openly. */
export const SavedHead = z.object({
  version: z.literal(savedVersion),
  seed: z.number(),
  /** How many blocks of randomness were drawn, so that no nonce, id or ticket comes twice. */
  drawn: z.number(),
  clockOffsetMs: ClockInput.shape.offsetMs,
  tokens: SavedTokens,
  miniCodes: SavedMiniCodes.default([]),
  oauth: SavedOAuth.default({ codes: [], grants: [] }),
  rules: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  carriers: SavedCarriers.default({ accounts: [], texts: [], replies: [] }),
});
export type SavedHead = z.output<typeof SavedHead>;

/** What there are many of, in the order that they are written and read in: what is named comes before who names it. */
export const savedLists = {
  counters: z.tuple([z.string(), z.number()]),
  accounts: SavedAccount,
  puppets: SavedPuppet,
  bonds: SavedBond,
  qrCodes: SavedQrCode,
  sentTemplates: z.object({ key: z.string(), msgid: z.string(), until: z.number() }),
  pictures: z.object({
    id: z.string(),
    // Files of before have neither: whose it was can't be told any more.
    appid: z.string().default(""),
    at: z.number().default(0),
    mediaId: z.string(),
    contentType: z.string(),
    base64: z.base64(),
  }),
  media: SavedMedia,
  staffRecords: StaffRecordShape,
  mails: SavedMail,
  texts: SavedText,
  faults: NewFault,
  journal: SavedJournalEntry,
} as const;
export type SavedListName = keyof typeof savedLists;
export type SavedItem<Name extends SavedListName> = z.output<(typeof savedLists)[Name]>;
export const savedListNames = Object.keys(savedLists) as SavedListName[];

/** The whole world as one value: small worlds of tests, and files of before. */
export const SavedWorld = SavedHead.extend({
  counters: z.array(savedLists.counters),
  accounts: z.array(savedLists.accounts),
  puppets: z.array(savedLists.puppets),
  bonds: z.array(savedLists.bonds),
  qrCodes: z.array(savedLists.qrCodes),
  sentTemplates: z.array(savedLists.sentTemplates),
  pictures: z.array(savedLists.pictures),
  media: z.array(savedLists.media).default([]),
  staffRecords: z.array(savedLists.staffRecords).default([]),
  mails: z.array(savedLists.mails),
  texts: z.array(savedLists.texts).default([]),
  faults: z.array(savedLists.faults),
  journal: z.array(savedLists.journal),
});
export type SavedWorld = z.output<typeof SavedWorld>;
