import { z } from "zod";
import { ChatEntryShape } from "../world/chat-shape.ts";
import { NewFault } from "../world/inputs.ts";
import type { Account, Bond, JournalEntry, Mail, MenuButton, Puppet, QrCode } from "../world/model.ts";

/** Counted up when the shape below changes its meaning: a file of another version is moved aside, not guessed at. */
export const savedVersion = 1;

const Button: z.ZodType<MenuButton> = z.object({
  type: z.string().optional(),
  name: z.string(),
  key: z.string().optional(),
  url: z.string().optional(),
  appid: z.string().optional(),
  pagepath: z.string().optional(),
  media_id: z.string().optional(),
  article_id: z.string().optional(),
  get sub_button() {
    return z.array(Button).optional();
  },
});

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
  menu: z.array(Button).nullable(),
  dailyLimits: z.record(z.string(), z.number()),
  unauthorizedPaths: z.array(z.string()),
});

const SavedPuppet: z.ZodType<Puppet> = z.object({
  id: z.string(),
  name: z.string(),
  templateDelivery: z.enum(["success", "user_block", "system_failed"]),
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

const SavedJournalEntry: z.ZodType<JournalEntry> = z.object({
  id: z.string(),
  at: z.number(),
  kind: z.enum(["api", "push", "check", "mail"]),
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
  clockOffsetMs: z.number(),
  counters: z.array(z.tuple([z.string(), z.number()])),
  accounts: z.array(SavedAccount),
  puppets: z.array(SavedPuppet),
  bonds: z.array(SavedBond),
  qrCodes: z.array(SavedQrCode),
  tokens: SavedTokens,
  sentTemplates: z.array(z.object({ key: z.string(), msgid: z.string(), until: z.number() })),
  pictures: z.array(z.object({ id: z.string(), mediaId: z.string(), contentType: z.string(), base64: z.base64() })),
  mails: z.array(SavedMail),
  faults: z.array(NewFault),
  journal: z.array(SavedJournalEntry),
});
export type SavedWorld = z.output<typeof SavedWorld>;
