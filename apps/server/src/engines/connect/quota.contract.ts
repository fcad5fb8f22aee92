import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { route } from "@zhanggui/kit/contract/route";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { appOff, boundElsewhere, wechatRefused, wechatUnreachable } from "./call.contract.ts";
import { connectAdmin } from "./token.contract.ts";

export const resetsUsedUp = fault("connect.resets_used_up", 429, {
  zh: "本月的 {limit} 次清零已用完（48006），下个月 1 日恢复。",
  en: "This month's {limit} resets are used up (48006); they return on the first of next month.",
});

/** The calls that the product makes, by their paths at WeChat. */
export const meteredCalls = {
  "/cgi-bin/message/custom/send": { zh: "客服消息", en: "Service messages" },
  "/cgi-bin/message/template/send": { zh: "模板消息", en: "Template messages" },
  "/cgi-bin/message/mass/sendall": { zh: "按标签群发", en: "Mass messages by tag" },
  "/cgi-bin/message/mass/send": { zh: "按名单群发", en: "Mass messages by list" },
  "/cgi-bin/user/info": { zh: "获取用户资料", en: "Profiles of followers" },
  "/cgi-bin/user/get": { zh: "获取关注者列表", en: "Lists of followers" },
  "/cgi-bin/tags/members/batchtagging": { zh: "批量打标签", en: "Tagging followers" },
  "/cgi-bin/qrcode/create": { zh: "生成二维码", en: "QR codes" },
  "/cgi-bin/menu/create": { zh: "发布菜单", en: "Publishing the menu" },
  "/cgi-bin/menu/get": { zh: "查询菜单", en: "Reading the menu" },
  "/cgi-bin/media/upload": { zh: "上传临时素材", en: "Uploading media" },
  "/cgi-bin/material/batchget_material": { zh: "读取素材列表", en: "Listing material" },
  "/cgi-bin/ticket/getticket": { zh: "网页 JS-SDK 凭证", en: "JS-SDK tickets" },
} as const;
export type MeteredPath = keyof typeof meteredCalls;
const paths = Object.keys(meteredCalls) as [MeteredPath, ...MeteredPath[]];

const Quota = z
  .object({
    path: z.enum(paths),
    zh: z.string(),
    en: z.string(),
    /** Null where WeChat didn't tell: `trouble` says why. */
    used: z.int().nullable(),
    limit: z.int().nullable(),
    remain: z.int().nullable(),
    perMinute: z.int().nullable(),
    trouble: z.object({ errcode: z.int().nullable(), zh: z.string(), en: z.string() }).nullable(),
  })
  .meta({ id: "CallQuota" });
/** What is left of the month's resets, as far as this server knows: WeChat doesn't tell. */
const Resets = z
  .object({
    limit: z.int(),
    used: z.int(),
    left: z.int(),
    /** Null: nobody has reset anything from here. */
    last: z
      .object({
        at: Instant,
        by: z.string(),
        path: z.string().nullable(),
        outcome: z.enum(["unknown", "done", "refused"]),
      })
      .nullable(),
  })
  .meta({ id: "QuotaResets" });

const params = z.object({ wechatAppId: Id });
const path = "/wechat/apps/:wechatAppId/quota" as const;

export const quotaRoutes = {
  getQuota: route.get(path, {
    summary: "How often each call was made today and may be, as WeChat tells; and how many resets the month has left",
    access: connectAdmin,
    timeLimitMs: 60_000,
    params,
    reply: z.object({ askedAt: Instant, calls: z.array(Quota), resets: Resets }),
    faults: [notFound],
  }),
  resetQuota: route.post(`${path}/reset`, {
    summary: "Set today's counts to nothing, of all calls or of one: ten times a month",
    access: connectAdmin,
    effect: "spend",
    idempotent: true,
    params,
    /** Without a path: of all calls. */
    body: z.object({ path: z.enum(paths).optional() }),
    reply: Resets,
    faults: [notFound, appOff, resetsUsedUp, boundElsewhere, wechatRefused, wechatUnreachable],
  }),
};
