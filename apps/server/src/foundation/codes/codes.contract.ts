import { bytes } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { field } from "@zhanggui/kit/contract/field";
import { DailyFigures } from "@zhanggui/kit/contract/figures";
import { Id } from "@zhanggui/kit/contract/ids";
import { list } from "@zhanggui/kit/contract/list";
import { permission, publicAccess } from "@zhanggui/kit/contract/permission";
import { contract, route } from "@zhanggui/kit/contract/route";
import { languages } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { Channel, checkAddress } from "@zhanggui/kit/contract/contact-address";

export const codesRead = permission("codes:read", { zh: "查看验证码记录", en: "See verification codes" }, [
  "operator",
  "developer",
]);
export const codesSend = permission("codes:send", { zh: "发送和核对验证码", en: "Send and check verification codes" }, [
  "developer",
]);

/** D-79. The same for a code that nobody asked for: what there is at an address isn't told. */
export const codeWrong = fault(
  "codes.wrong",
  422,
  { zh: "验证码不正确，请核对后重新输入。", en: "That code is wrong. Look at the message again." },
  { errno: 2301 },
);
/** D-80. */
export const codeExpired = fault(
  "codes.expired",
  422,
  { zh: "验证码已失效，请重新获取。", en: "That code is no longer valid. Ask for another one." },
  { errno: 2302 },
);
/** D-82. */
export const askedTooOften = fault(
  "codes.asked_too_often",
  429,
  { zh: "获取验证码过于频繁，请 {wait} 后再试。", en: "Codes were asked for too often. Try again in {wait}." },
  { errno: 2304, isPassing: true },
);
export const channelOff = fault("codes.channel_off", 422, {
  zh: "暂不支持用这种方式接收验证码。",
  en: "Codes can't be sent this way here.",
});

export const channelChoices = {
  phone: { zh: "短信", en: "Text message" },
  mail: { zh: "邮件", en: "Mail" },
} as const;

/** A code that was asked for. It itself is known to nobody but whoever it was sent to. */
export const SentCode = z
  .object({
    id: Id,
    address: field(z.string(), { zh: "接收人", en: "Sent to" }, { kind: "text" }),
    channel: field(Channel, { zh: "方式", en: "By" }, { choices: channelChoices }),
    purpose: field(z.string(), { zh: "用途", en: "For" }, { kind: "text" }),
    state: field(
      z.enum(["waiting", "sent", "failed", "used", "expired", "replaced", "guessed"]),
      { zh: "状态", en: "State" },
      {
        filter: true,
        choices: {
          waiting: { zh: "待发送", en: "Being sent", tone: "info" },
          sent: { zh: "已发送", en: "Sent", tone: "info" },
          failed: { zh: "发送失败", en: "Not sent", tone: "bad" },
          used: { zh: "已使用", en: "Used", tone: "good" },
          expired: { zh: "已过期", en: "Expired", tone: "quiet" },
          replaced: {
            zh: "已作废",
            en: "Replaced",
            tone: "quiet",
            hint: { zh: "又获取了新的验证码。", en: "A newer one was asked for." },
          },
          guessed: {
            zh: "输错过多",
            en: "Guessed at",
            tone: "warn",
            hint: {
              zh: "输错的次数达到上限，已作废。",
              en: "It was entered wrongly too often, and is no longer valid.",
            },
          },
        },
      },
    ),
    tries: field(z.int(), { zh: "输入次数", en: "Tries" }, {}),
    /** Why it wasn't sent, as whoever should have sent it said. */
    failure: field(z.string().nullable(), { zh: "失败原因", en: "Why not" }, { hidden: true }),
    network: field(z.string(), { zh: "来源网络", en: "From the network" }, { hidden: true, kind: "text" }),
    expiresAt: field(Instant, { zh: "有效至", en: "Valid until" }, { hidden: true }),
    createdAt: field(Instant, { zh: "获取时间", en: "Asked for" }, { sort: "id", filter: "range" }),
  })
  .meta({ id: "SentCode" });

const Purpose = z.string().regex(/^[a-z][a-z0-9_]{1,39}$/);
const Asked = z.object({ purpose: Purpose, channel: Channel, address: z.string().trim().min(3).max(200) });

/** What a page needs to say how it goes on. */
export const AskedReply = z.object({
  /** Until when it may be entered. */
  expiresAt: Instant,
  /** Before that no other one is sent to this address. */
  againSeconds: z.int(),
});

export const codes = contract("codes", {
  list: list("/codes", {
    item: SentCode,
    noun: { zh: "验证码", en: "verification code", plural: "verification codes" },
    access: codesRead,
    sort: "-createdAt",
    search: { zh: "完整的手机号或邮箱", en: "A whole number or address" },
    live: true,
  }),
  getFigures: route.get("/codes/figures", {
    summary:
      "How many codes were asked for, sent, used, how many ran out unused, and how many were refused, by the day",
    access: codesRead,
    reply: z.object({
      asked: DailyFigures,
      sent: DailyFigures,
      used: DailyFigures,
      expired: DailyFigures,
      refused: DailyFigures,
    }),
  }),
  ask: route.post("/codes", {
    summary:
      "Send a code to somebody who is asked to prove that an address is theirs; a new one cancels its device's last one",
    access: codesSend,
    effect: "reach_people",
    body: Asked.extend({
      language: z.enum(languages).default("zh"),
      /** Where whoever is asked comes from: limits by network count on it. */
      clientAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
      /** What tells their device from others. */
      device: z.string().max(100).optional(),
    }).check(checkAddress),
    reply: AskedReply,
    faults: [askedTooOften, channelOff],
    limit: { perMinute: 600, by: "account" },
  }),
  verify: route.post("/codes/verify", {
    summary: "Whether a code is the one that was sent to an address last; it is good once, and five tries kill it",
    access: codesSend,
    effect: "change",
    body: Asked.extend({
      code: z.string().trim().max(20),
      /** Which device asked: then nobody else's tries count. Left out, the code is whichever was asked for last. */
      device: z.string().max(100).optional(),
    }).check(checkAddress),
    reply: z.object({}),
    faults: [codeWrong, codeExpired],
    limit: { perMinute: 600, by: "account" },
  }),
  challenge: route.get("/proof-of-work", {
    summary:
      "A challenge for a proof of work, to have one ready before it is asked for; ALTCHA's widget takes it as it is",
    access: publicAccess,
    reply: z.object({ parameters: z.record(z.string(), z.unknown()), signature: z.string() }),
    limit: { perMinute: 60, by: "address" },
  }),
  solver: route.get("/proof.js", {
    summary: "The worker by which pages of this server solve a challenge",
    root: true,
    access: publicAccess,
    reply: bytes,
    sets: { headers: z.object({ "cache-control": z.string() }) },
  }),
});
