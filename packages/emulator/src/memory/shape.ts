import { z } from "zod";
import { SavedCarriers } from "../sms/model.ts";
import { ChatEntryShape } from "../world/chat-shape.ts";
import { MenuButtonShape } from "../world/menu-shape.ts";
import { SavedMiniCodes } from "../world/mini-codes.ts";
import { SavedOAuth } from "../world/oauth.ts";
import { ClockInput, NewFault } from "../world/inputs.ts";
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
  dailyLimits: z.record(z.string(), z.number()),
  unauthorizedPaths: z.array(z.string()),
});

const SavedPuppet: z.ZodType<Puppet> = z.object({
  id: z.string(),
  name: z.string(),
  templateDelivery: z.enum(["success", "user_block", "system_failed"]),
  platform: z.enum(["ios", "android", "other"]).default("ios"),
  phone: z.string().default("13800138000"),
  isRisky: z.boolean().default(false),
});

const SavedBond: z.ZodType<Bond> = z.object({
  appid: z.string(),
  puppetId: z.string(),
  openid: z.string(),
  unionid: z.string().nullable(),
  following: z.boolean(),
  followedAt: z.number(),
  subscribeScene: z.string(),
  qrScene: z.number(),
  qrSceneText: z.string(),
  credit: z.object({ left: z.number(), until: z.number() }),
  // Files of before have none.
  typingUntil: z.number().default(0),
  remark: z.string().default(""),
  tagIds: z.array(z.number()).default([]),
  isBlocked: z.boolean().default(false),
  sessionKey: z.string().nullable().default(null),
  subscriptions: z.record(z.string(), z.number()).default({}),
  massMonth: z.object({ month: z.string(), count: z.number() }).default({ month: "", count: 0 }),
  chat: z.array(ChatEntryShape),
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

/** The whole world as JSON. Times are milliseconds since 1970 by the emulator's clock; secrets stand in it openly. */
export const SavedWorld = z.object({
  version: z.literal(savedVersion),
  seed: z.number(),
  /** How many blocks of randomness were drawn, so that no nonce, id or ticket comes twice. */
  drawn: z.number(),
  clockOffsetMs: ClockInput.shape.offsetMs,
  counters: z.array(z.tuple([z.string(), z.number()])),
  accounts: z.array(SavedAccount),
  puppets: z.array(SavedPuppet),
  bonds: z.array(SavedBond),
  qrCodes: z.array(SavedQrCode),
  tokens: SavedTokens,
  sentTemplates: z.array(z.object({ key: z.string(), msgid: z.string(), until: z.number() })),
  pictures: z.array(
    z.object({
      id: z.string(),
      // Files of before have neither: whose it was can't be told any more.
      appid: z.string().default(""),
      at: z.number().default(0),
      mediaId: z.string(),
      contentType: z.string(),
      base64: z.base64(),
    }),
  ),
  media: z.array(SavedMedia).default([]),
  miniCodes: SavedMiniCodes.default([]),
  oauth: SavedOAuth.default({ codes: [], grants: [] }),
  rules: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  mails: z.array(SavedMail),
  // Files of before have none.
  texts: z.array(SavedText).default([]),
  carriers: SavedCarriers.default({ accounts: [], texts: [], replies: [] }),
  faults: z.array(NewFault),
  journal: z.array(SavedJournalEntry),
});
export type SavedWorld = z.output<typeof SavedWorld>;
