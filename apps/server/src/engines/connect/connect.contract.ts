import { bytes } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { PageQuery, pageOf } from "@zhanggui/kit/contract/page";
import { publicAccess, permission } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

export const connectRead = permission(
  "connect:read",
  { zh: "查看微信应用与渠道码", en: "See WeChat apps and channel codes" },
  ["operator", "developer"],
);
export const connectWrite = permission(
  "connect:write",
  { zh: "绑定微信应用、管理渠道码", en: "Bind WeChat apps, manage channel codes" },
  ["operator"],
);

export const appTaken = fault("connect.app_taken", 409, {
  zh: "AppID {appId} 已绑定。",
  en: "The AppID {appId} is bound already.",
});
export const aesKeyMissing = fault("connect.aes_key_missing", 422, {
  zh: "兼容模式和安全模式需要 EncodingAESKey。",
  en: "Compatible and safe mode need an EncodingAESKey.",
});
export const wechatRefused = fault(
  "connect.wechat_refused",
  502,
  { zh: "微信拒绝了请求（{errcode}）：{explanationZh}", en: "WeChat refused ({errcode}): {explanationEn}" },
  { errno: 1101 },
);
export const wechatUnreachable = fault(
  "connect.wechat_unreachable",
  502,
  { zh: "连接不上微信：{reason}", en: "WeChat can't be reached: {reason}" },
  { errno: 1101, isOutcomeUnknown: true },
);
export const pushRefused = fault("connect.push_refused", 403, {
  zh: "推送未通过校验，原因见服务器日志。",
  en: "The push failed its check; the server's log says why.",
});

/** How WeChat sends messages: in the open, both ways at once, or only encrypted. */
export const PushMode = z.enum(["plain", "compatible", "safe"]);
const AppId = z
  .string()
  .trim()
  .regex(/^wx[0-9a-f]{16}$/, {
    error: bilingual({ zh: "AppID 是 wx 加 16 位十六进制数字", en: "an AppID is wx and 16 hex digits" }),
  });
/** 3 to 32 letters and digits (WeChat's own rule for the token). */
const PushToken = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9]{3,32}$/, { error: bilingual({ zh: "3 到 32 位字母或数字", en: "3 to 32 letters and digits" }) });
/** 43 characters, from which 32 bytes are read as base64. WeChat takes letters and digits only. */
const EncodingAesKey = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9]{43}$/, { error: bilingual({ zh: "43 位字母或数字", en: "43 letters and digits" }) });
const AppSecret = z.string().trim().min(1).max(128);

export const WechatApp = z
  .object({
    id: Id,
    name: z.string(),
    appId: z.string(),
    mode: PushMode,
    /** What to enter as the server address (URL) in WeChat's admin page. */
    callbackUrl: z.string(),
    disabled: z.boolean(),
    /** When WeChat last checked the address, and when it last pushed something that passed the check. */
    verifiedAt: Instant.nullable(),
    lastPushAt: Instant.nullable(),
    createdAt: Instant,
  })
  .meta({ id: "WechatApp" });

export const AppCheck = z.object({
  check: z.enum(["token", "callback", "push"]),
  ok: z.boolean(),
  /** What was seen and what to do. */
  zh: z.string(),
  en: z.string(),
});

export const Channel = z
  .object({
    id: Id,
    wechatAppId: Id,
    name: z.string(),
    /** The scene that WeChat reports when the code is scanned. */
    scene: z.string(),
    /** What the picture encodes. */
    qrUrl: z.string(),
    ticket: z.string(),
    expiresAt: Instant.nullable(),
    leaderName: z.string(),
    leaderMail: z.string(),
    /** People who came in by it, and scans in all. */
    people: z.int(),
    scans: z.int(),
    createdAt: Instant,
  })
  .meta({ id: "Channel" });

export const Inbound = z
  .object({
    id: Id,
    wechatAppId: Id,
    openid: z.string(),
    /** `text`, `image` …, or `event:subscribe`, `event:SCAN` … */
    kind: z.string(),
    content: z.record(z.string(), z.unknown()),
    reply: z.string().nullable(),
    /** What chose the reply: the rule; null if nothing answered. */
    replyBy: z.string().nullable(),
    repeats: z.int(),
    traceId: z.string(),
    receivedAt: Instant,
  })
  .meta({ id: "Inbound" });

const appParams = z.object({ wechatAppId: Id });
const pushParams = z.object({ wechatAppId: Id });
/** WeChat's own names. */
const PushQuery = z.object({
  signature: z.string().max(100).optional(),
  timestamp: z.string().max(20).optional(),
  nonce: z.string().max(100).optional(),
  echostr: z.string().max(1000).optional(),
  encrypt_type: z.string().max(20).optional(),
  msg_signature: z.string().max(100).optional(),
  openid: z.string().max(100).optional(),
});

export const connect = contract("connect", {
  listApps: route.get("/wechat/apps", {
    summary: "Bound WeChat apps",
    access: connectRead,
    reply: z.object({ items: z.array(WechatApp) }),
  }),
  bindApp: route.post("/wechat/apps", {
    summary: "Bind an official account; secrets are sealed and never shown again",
    access: connectWrite,
    effect: "change",
    body: z.object({
      name: oneLine(60),
      appId: AppId,
      appSecret: AppSecret,
      pushToken: PushToken,
      encodingAesKey: EncodingAesKey.optional(),
      mode: PushMode.default("safe"),
    }),
    reply: WechatApp,
    faults: [appTaken, aesKeyMissing],
  }),
  updateApp: route.patch("/wechat/apps/:wechatAppId", {
    summary: "Change an app; a secret that is left out stays as it is",
    access: connectWrite,
    effect: "change",
    params: appParams,
    body: z.object({
      name: oneLine(60).optional(),
      appSecret: AppSecret.optional(),
      pushToken: PushToken.optional(),
      encodingAesKey: EncodingAesKey.optional(),
      mode: PushMode.optional(),
      disabled: z.boolean().optional(),
    }),
    reply: WechatApp,
    faults: [notFound, aesKeyMissing],
  }),
  testApp: route.post("/wechat/apps/:wechatAppId/test", {
    summary: "Test a binding: fetch a token, and see whether WeChat has reached the callback",
    access: connectWrite,
    effect: "read",
    params: appParams,
    reply: z.object({ checks: z.array(AppCheck) }),
    faults: [notFound],
  }),
  listChannels: route.get("/wechat/channels", {
    summary: "Channel codes with their figures",
    access: connectRead,
    reply: z.object({ items: z.array(Channel) }),
  }),
  createChannel: route.post("/wechat/channels", {
    summary: "Create a channel code at WeChat; the leader is told of whoever comes in by it",
    access: connectWrite,
    effect: "spend",
    idempotent: true,
    body: z.object({
      wechatAppId: Id,
      name: oneLine(60),
      leaderName: oneLine(60),
      leaderMail: z.email().max(200),
      /** Days until the code expires, 30 at most; left out it is permanent (100,000 per account). */
      validDays: z.int().min(1).max(30).optional(),
    }),
    reply: Channel,
    faults: [notFound, conflict, wechatRefused, wechatUnreachable],
  }),
  listInbound: route.get("/wechat/inbound", {
    summary: "What came in from WeChat and what was answered, newest first",
    access: connectRead,
    query: PageQuery.extend({
      wechatAppId: Id.optional(),
      openid: z.string().max(100).optional(),
      traceId: z.string().max(64).optional(),
    }),
    reply: pageOf(Inbound),
  }),
  verifyCallback: route.get("/wechat/callback/:wechatAppId", {
    summary: "WeChat's check of the callback address: the echo goes back if the signature is right",
    access: publicAccess,
    params: pushParams,
    query: PushQuery,
    reply: bytes,
    faults: [pushRefused],
  }),
  receive: route.post("/wechat/callback/:wechatAppId", {
    summary: "WeChat's message push: answers within five seconds with the passive reply, `success` or an empty body",
    access: publicAccess,
    effect: "reach_people",
    params: pushParams,
    query: PushQuery,
    body: bytes,
    reply: bytes,
    faults: [pushRefused],
  }),
});
