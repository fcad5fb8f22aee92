import { z } from "zod";
import { SaidShape } from "./chat-shape.ts";
import { type FaultKind, faultKinds } from "./faults.ts";

/** The shapes of what the control API and the library take. */

const Appid = z.string().min(1).max(64);
const PuppetId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "letters, digits, - and _, at most 64");
const Count = z.int().min(1).max(1_000_000);
const DelayMs = z.int().min(0).max(600_000);

export const NewTemplate = z.strictObject({
  templateId: z.string().min(1).max(64).optional(),
  title: z.string().min(1),
  /** `{{name.DATA}}` marks a value. */
  content: z.string().min(1),
});
export type NewTemplate = z.infer<typeof NewTemplate>;

export const NewPushConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  token: z.string().regex(/^[A-Za-z0-9]{3,32}$/, "3 to 32 letters and digits"),
  encodingAesKey: z.string().nullable().optional(),
  mode: z.enum(["plain", "compatible", "safe"]).optional(),
  format: z.enum(["xml", "json"]).optional(),
  /** false: set it without asking the url first. */
  check: z.boolean().optional(),
});
export type NewPushConfig = z.infer<typeof NewPushConfig>;

const AccountKind = z.enum(["service", "subscription", "miniprogram"]);
/** IPv6 is written in many ways: a URL's is the one that connections have. */
const Ip = z.union([z.ipv4(), z.ipv6().transform((text) => new URL(`http://[${text}]`).hostname.slice(1, -1))]);
const IpWhitelist = z.array(Ip).nullable();
/** `host` or `host:port`, as a browser's address has it. */
const OAuthDomains = z.array(z.string().min(1).max(253)).nullable();

const Cards = z.array(z.strictObject({ cardId: z.string().min(1).max(64), title: z.string().min(1).max(64) }));

export const NewAccount = z.strictObject({
  cards: Cards.optional(),
  kind: AccountKind.optional(),
  isVerified: z.boolean().optional(),
  ipWhitelist: IpWhitelist.optional(),
  oauthDomains: OAuthDomains.optional(),
  appid: Appid.optional(),
  secret: z.string().min(1).max(64).optional(),
  originalId: z.string().min(1).max(64).optional(),
  name: z.string().min(1).max(64).optional(),
  openPlatform: z.string().min(1).nullable().optional(),
  templates: z.array(NewTemplate).optional(),
  dailyLimits: z.record(z.string(), z.int().min(0)).optional(),
  unauthorizedPaths: z.array(z.string().startsWith("/")).optional(),
});
export type NewAccount = z.infer<typeof NewAccount>;

export const AccountChanges = z.strictObject({
  cards: Cards.optional(),
  kind: AccountKind.optional(),
  isVerified: z.boolean().optional(),
  ipWhitelist: IpWhitelist.optional(),
  oauthDomains: OAuthDomains.optional(),
  name: z.string().min(1).max(64).optional(),
  openPlatform: z.string().min(1).nullable().optional(),
  dailyLimits: z.record(z.string(), z.int().min(0)).optional(),
  unauthorizedPaths: z.array(z.string().startsWith("/")).optional(),
});
export type AccountChanges = z.infer<typeof AccountChanges>;

export const NewPuppet = z.strictObject({
  id: PuppetId.optional(),
  name: z.string().min(1).max(32).optional(),
  templateDelivery: z.enum(["success", "user_block", "system_failed"]).optional(),
  platform: z.enum(["ios", "android", "other"]).optional(),
  phone: z
    .string()
    .regex(/^\d{5,15}$/, "digits")
    .optional(),
  isRisky: z.boolean().optional(),
});
export type NewPuppet = z.infer<typeof NewPuppet>;

export const PuppetChanges = NewPuppet.omit({ id: true });
export type PuppetChanges = z.infer<typeof PuppetChanges>;

/** Of a snapshot: it names a file. */
export const SnapshotName = z.string().regex(/^[\p{L}\p{N}_-]{1,60}$/u, "letters, digits, - and _, at most 60");

const mostOnPage = 1_000;
export const PuppetsWanted = z.object({
  /** Part of a name or an id. */
  search: z.string().max(64).optional(),
  /** The last one of the page before. */
  after: PuppetId.optional(),
  limit: z.coerce.number().int().min(1).max(mostOnPage).default(100),
  /** The newest first. */
  newest: z.stringbool().or(z.boolean()).optional(),
});
export type PuppetsWanted = z.input<typeof PuppetsWanted>;

/** A page of the world; `with`: somebody who is in it in any case. */
export const WorldWanted = PuppetsWanted.extend({ with: PuppetId.optional() });
export type WorldWanted = z.input<typeof WorldWanted>;

const Action = z.strictObject({
  /** May be left out when there is one account only. */
  appid: Appid.optional(),
  /** false: answer at once, with the outcome `underway`. */
  wait: z.boolean().optional(),
});
export const FollowAction = Action;
export type FollowAction = z.infer<typeof FollowAction>;

/** In a mini-program; it may be left out when there is one only. */
export const MiniAction = Action;
export type MiniAction = z.infer<typeof MiniAction>;

export const SubscribeAction = Action.extend({
  /** By template. */
  answers: z.record(z.string(), z.enum(["accept", "reject", "ban"])),
});
export type SubscribeAction = z.infer<typeof SubscribeAction>;

export const EnterAction = Action.extend({
  /** What the button says of its page: `session-from`. */
  from: z.string().max(1000).optional(),
});
export type EnterAction = z.infer<typeof EnterAction>;

export const ScanAction = z.strictObject({
  /** A ticket, the code's url, or the address of its picture. */
  code: z.string().min(1),
  wait: z.boolean().optional(),
});
export type ScanAction = z.infer<typeof ScanAction>;

export const SayAction = Action.extend({
  text: z.string().min(1),
  /** The id of the choice that was tapped, of a msgmenu message. */
  choice: z.string().optional(),
});
export type SayAction = z.infer<typeof SayAction>;

/** PNG or JPEG; without one the emulator draws a picture. */
const Base64 = z.base64().optional();
const Place = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  label: z.string().optional(),
  scale: z.int().min(1).max(30).optional(),
});

export const TapAction = Action.extend({
  /** A button's key, url, media id, article id or name. */
  button: z.string().min(1),
  /** What a button that scans reads. */
  scanned: z.string().min(1).optional(),
  /** What a button for pictures sends, and how many of it. */
  base64: Base64,
  pictures: z.int().min(1).max(9).optional(),
  /** What a button for places sends. */
  place: Place.optional(),
});
export type TapAction = z.infer<typeof TapAction>;

export const SendImageAction = Action.extend({
  base64: Base64,
});
export type SendImageAction = z.infer<typeof SendImageAction>;

export const SendLocationAction = Action.extend(Place.shape);
export type SendLocationAction = z.infer<typeof SendLocationAction>;

const AnyFault = z.discriminatedUnion("target", [
  z.strictObject({
    target: z.literal("api"),
    path: z.string().startsWith("/").optional(),
    appid: Appid.optional(),
    count: Count.default(1),
    errcode: z.int().optional(),
    status: z.int().min(200).max(599).optional(),
    perform: z.boolean().optional(),
    delayMs: DelayMs.optional(),
    drop: z.enum(["before", "after"]).optional(),
    hang: z.enum(["before", "after"]).optional(),
    race: z.boolean().optional(),
  }),
  z.strictObject({
    target: z.literal("push"),
    what: z.string().optional(),
    appid: Appid.optional(),
    count: Count.default(1),
    repeat: z.int().min(1).max(100).optional(),
    parallel: z.boolean().optional(),
    dropAnswers: z.int().min(0).max(3).optional(),
    delayMs: DelayMs.optional(),
    holdFor: z.int().min(1).max(1000).optional(),
    lose: z.boolean().optional(),
    badSignature: z.boolean().optional(),
  }),
]);
/** Either its parts, or `kind`, one of `faultKinds`, and what it hits. */
export const NewFault = z.preprocess((given) => {
  if (typeof given !== "object" || given === null || !("kind" in given)) return given;
  const { kind, ...where } = given;
  // A kind that isn't one stays where it is, and is refused as what no fault has.
  return Object.hasOwn(faultKinds, String(kind)) ? { ...faultKinds[kind as FaultKind], ...where } : given;
}, AnyFault);
export type NewFault =
  | z.input<typeof AnyFault>
  | { kind: FaultKind; path?: string; what?: string; appid?: string; count?: number };

/** Anything at all, sent to an account's push url (or `url`): forged, stale, malformed. */
export const RawPush = z.strictObject({
  appid: Appid.optional(),
  /** Default: the account's push url. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  method: z.enum(["GET", "POST"]).optional(),
  query: z.record(z.string(), z.string()).optional(),
  body: z.string().optional(),
  contentType: z.string().optional(),
  /** Add a true signature, timestamp and nonce where the query has none. */
  sign: z.boolean().optional(),
});
export type RawPush = z.infer<typeof RawPush>;

export const SeedInput = z.strictObject({
  accounts: z.array(NewAccount.extend({ push: NewPushConfig.optional() })).default([]),
  puppets: z.array(NewPuppet.extend({ follows: z.array(Appid).optional() })).default([]),
});
export type SeedInput = z.input<typeof SeedInput>;

/** People with a past: who they are to an account, and what was said. Nothing is pushed for it. */
export const PastInput = z.strictObject({
  bonds: z
    .array(
      z.strictObject({
        puppet: NewPuppet.required({ id: true }),
        following: z.boolean(),
        /** When they followed last (milliseconds). */
        followedAt: z.int().min(0),
        /** The scene of the code by which they did. */
        scene: z.string().optional(),
        chat: z.array(SaidShape).default([]),
      }),
    )
    .max(100_000),
});
export type PastInput = z.input<typeof PastInput>;

/** Thirty years either way: a clock further off has no date that a message could carry. */
const maxOffsetMs = 30 * 365 * 86_400_000;
export const ClockInput = z.strictObject({ offsetMs: z.int().min(-maxOffsetMs).max(maxOffsetMs) });
/** Limits and facts are numbers, switches one of their positions; null: as it was. */
export const RuleChanges = z.record(z.string(), z.union([z.number(), z.string(), z.null()]));
export type RuleChanges = z.infer<typeof RuleChanges>;
export const StaffInput = z.strictObject({
  account: z.string().min(1),
  accepts: z.boolean().optional(),
  isOnline: z.boolean().optional(),
  /** An openid. */
  takes: z.string().optional(),
});
export type StaffInput = z.infer<typeof StaffInput>;
export const VoidInput = z.strictObject({ kind: z.enum(["token", "stable_token"]).optional() });

export const JournalFilter = z.object({
  kind: z.enum(["api", "push", "check", "mail", "sms"]).optional(),
  appid: z.string().optional(),
  text: z.string().optional(),
  limit: z.coerce.number().int().min(1).optional(),
});

/** A text message that somebody hands over to be sent. */
export const NewText = z.object({
  id: z.string().min(1).max(100),
  to: z.string().min(3).max(40),
  text: z.string().min(1).max(1000),
});
export type NewText = z.input<typeof NewText>;
