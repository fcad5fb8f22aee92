import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { oneLine } from "@zhanggui/kit/contract/one-line";
import { switched } from "@zhanggui/kit/contract/switched";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";

/** How WeChat sends messages: in the open, both ways at once, or only encrypted. */
export const PushMode = z.enum(["safe", "compatible", "plain"]);
/** As WeChat's admin page calls them. */
export const pushModes = {
  safe: { zh: "安全模式", en: "Safe" },
  compatible: { zh: "兼容模式", en: "Compatible" },
  plain: { zh: "明文模式", en: "Plain" },
} as const;
export const AppId = z
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
export const EncodingAesKey = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9]{43}$/, { error: bilingual({ zh: "43 位字母或数字", en: "43 letters and digits" }) });
const AppSecret = z.string().trim().min(1).max(128);
export const aesKeyLabel = { zh: "消息加解密密钥（EncodingAESKey）", en: "EncodingAESKey" };
/** They are bound alike, but may write to people under different conditions. */
export const AppKind = z.enum(["official", "miniprogram"]);
export const appKinds = {
  official: { zh: "公众号", en: "Official account" },
  miniprogram: { zh: "小程序", en: "Mini-program" },
} as const;
/** What forms ask of an app. */
export const AppFields = {
  kind: field(AppKind, { zh: "类型", en: "Kind" }, { input: "radio", choices: appKinds }),
  name: field(
    oneLine(60),
    { zh: "名称", en: "Name" },
    { hint: { zh: "给自己人看的名字，例如“灯笼茶服务号”。", en: "For your own people, such as “Lantern Tea”." } },
  ),
  appSecret: field(AppSecret, { zh: "AppSecret", en: "AppSecret" }, { input: "password" }),
  mode: field(
    PushMode,
    { zh: "加密方式", en: "Encryption" },
    {
      input: "radio",
      choices: pushModes,
    },
  ),
  pushToken: field(PushToken, { zh: "令牌（Token）", en: "Token" }, { input: "secret" }),
  encodingAesKey: field(EncodingAesKey, aesKeyLabel, { input: "secret" }),
};
/** What WeChat gives a token for. */
export interface AppCredentials {
  readonly appId: string;
  readonly appSecret: string;
}

export const appStates = {
  off: {
    zh: "已停用",
    en: "Off",
    tone: "quiet",
    hint: { zh: "不收消息，也不发送。", en: "It takes and sends nothing." },
  },
  unproven: {
    zh: "密钥待确认",
    en: "Secret unproven",
    tone: "bad",
    hint: { zh: "微信还没有用这个 AppSecret 发过凭证。", en: "WeChat has given no token for this AppSecret yet." },
  },
  unverified: {
    zh: "待验证",
    en: "Unverified",
    tone: "warn",
    hint: { zh: "微信还没有校验过服务器地址。", en: "WeChat has not checked the server's address yet." },
  },
  verified: { zh: "已验证", en: "Verified", tone: "good" },
} as const;
export const WechatApp = z
  .object({
    id: Id,
    name: field(z.string(), { zh: "名称", en: "Name" }, { width: "128px" }),
    appId: field(z.string(), { zh: "AppID", en: "AppID" }, { width: "176px" }),
    kind: field(AppKind, { zh: "类型", en: "Kind" }, { choices: appKinds, width: "96px" }),
    mode: field(PushMode, { zh: "加密方式", en: "Encryption" }, { choices: pushModes, hidden: true }),
    /** What to enter as the server address (URL) in WeChat's admin page. */
    callbackUrl: field(z.string(), { zh: "服务器地址", en: "Server address" }),
    channels: field(z.int(), { zh: "渠道码", en: "Codes" }, { kind: "count", hidden: true }),
    /** When WeChat last pushed something that passed the check. */
    lastPushAt: field(Instant.nullable(), { zh: "最近消息", en: "Last message" }, { width: "136px" }),
    enabled: switched,
    state: field(
      z.enum(["off", "unproven", "unverified", "verified"]),
      { zh: "状态", en: "State" },
      { choices: appStates, filter: true, unindexed: true },
    ),
    /** Since when the account is known to be this tenant's: WeChat gave a token for the AppID and the secret. */
    provenAt: field(Instant.nullable(), { zh: "密钥确认于", en: "Secret proven" }, { hidden: true }),
    /** When WeChat last checked the address. */
    verifiedAt: field(Instant.nullable(), { zh: "地址校验于", en: "Address checked" }, { hidden: true }),
    createdAt: field(Instant, { zh: "绑定时间", en: "Bound" }, { sort: "id", filter: "range", hidden: true }),
  })
  .meta({ id: "WechatApp" });

export const AppCheck = z.object({
  check: z.enum(["token", "callback", "push"]),
  ok: z.boolean(),
  /** What was seen and what to do. */
  zh: z.string(),
  en: z.string(),
});
