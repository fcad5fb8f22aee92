import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { field } from "@zhanggui/kit/contract/field";
import { Id } from "@zhanggui/kit/contract/ids";
import { permission } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { bilingual } from "@zhanggui/kit/contract/text";
import { Instant } from "@zhanggui/kit/contract/time";
import { z } from "zod";
import { boundElsewhere, wechatRefused, wechatUnreachable } from "./call.contract.ts";

/** What could stop a whole account: no role but the owner's has it from the start. */
export const connectAdmin = permission(
  "connect:admin",
  {
    zh: "查看和更换微信接口凭证、清零接口调用次数",
    en: "See and replace access tokens of WeChat apps, reset their call quotas",
  },
  [],
  { isWeighty: true },
);

export const tokenRefused = fault("connect.token_refused", 422, {
  zh: "微信不接受这个 access_token（{errcode}），没有保存。请重新复制。",
  en: "WeChat doesn't accept this access token ({errcode}); it was not kept. Copy it anew.",
});
export const forcedTooOften = fault("connect.forced_too_often", 429, {
  zh: "今天的 {limit} 次强制刷新已用完，北京时间零点恢复。",
  en: "Today's {limit} forced refreshes are used up; they return at midnight, Beijing time.",
});
export const forcedTooSoon = fault(
  "connect.forced_too_soon",
  429,
  {
    zh: "两次强制刷新至少间隔 30 秒，请 {wait} 后再试。",
    en: "Forced refreshes are 30 seconds apart; try again in {wait}.",
  },
  { isPassing: true },
);
export const refreshUnderWay = fault("connect.refresh_under_way", 409, {
  zh: "凭证正在刷新，请稍后再试。",
  en: "The token is being refreshed just now; try again in a moment.",
});

/** Where a token came from. */
export const tokenSources = {
  wechat: { zh: "自动获取", en: "Fetched by itself" },
  forced: { zh: "强制刷新", en: "Forced refresh" },
  hand: { zh: "手工更换", en: "Replaced by hand" },
} as const;
export const tokenStates = {
  none: { zh: "尚未获取", en: "None yet", tone: "quiet" },
  good: { zh: "有效", en: "Good", tone: "good" },
  ending: { zh: "即将刷新", en: "Due for renewal", tone: "info" },
  refused: { zh: "被微信拒绝", en: "Refused by WeChat", tone: "bad" },
  expired: { zh: "已过期", en: "Expired", tone: "bad" },
} as const;
type TokenStateName = keyof typeof tokenStates;

/** An app's access token without its value. */
export const TokenState = z
  .object({
    state: z.enum(Object.keys(tokenStates) as [TokenStateName, ...TokenStateName[]]),
    /** Its last four characters behind dots; null where there is none, or an older server stored it. */
    masked: z.string().nullable(),
    source: z.enum(["wechat", "forced", "hand"]).nullable(),
    obtainedAt: Instant.nullable(),
    expiresAt: Instant.nullable(),
    /** From when the schedule renews it. */
    renewsAt: Instant.nullable(),
    isRefreshing: z.boolean(),
    /** Why WeChat last gave none; null: it has given one since. */
    failure: z
      .object({ at: Instant, errcode: z.int().nullable(), zh: z.string(), en: z.string(), said: z.string() })
      .nullable(),
    /** How often WeChat was asked by force today, by China's clock. */
    forced: z.object({ today: z.int(), limit: z.int(), lastAt: Instant.nullable() }),
  })
  .meta({ id: "AccessTokenState" });

const params = z.object({ wechatAppId: Id });
const path = "/wechat/apps/:wechatAppId/token" as const;

/** An app's access token, for administrators. */
export const tokenRoutes = {
  getToken: route.get(path, {
    summary: "How an app's access token is: its age and end, never its value",
    access: connectAdmin,
    params,
    reply: TokenState,
    faults: [notFound],
  }),
  replaceToken: route.put(path, {
    summary: "Replace an app's access token by hand: WeChat tries it, then every process uses it with its next call",
    access: connectAdmin,
    effect: "change",
    params,
    body: z.object({
      accessToken: field(
        z
          .string()
          .trim()
          .regex(/^[\w-]{20,512}$/, {
            error: bilingual({
              zh: "20 到 512 位字母、数字、横线或下划线",
              en: "20 to 512 letters, digits, hyphens or underscores",
            }),
          }),
        { zh: "access_token", en: "Access token" },
        {
          input: "password",
          hint: {
            zh: "从其他系统或微信接口调试工具得到的凭证。保存前先请微信确认，之后不再显示。",
            en: "From another system or WeChat's debugging page. WeChat tries it first; it is never shown again.",
          },
        },
      ),
      validMinutes: field(
        z.int().min(5).max(120).default(120),
        { zh: "还有多少分钟有效", en: "Still valid for minutes" },
        {
          hint: { zh: "新凭证是 120 分钟。到期前会自动换新。", en: "A new one has 120. It is renewed before it ends." },
        },
      ),
    }),
    reply: TokenState,
    faults: [notFound, tokenRefused],
  }),
  forceToken: route.post(`${path}/force`, {
    summary:
      "Have WeChat give another access token: 20 times a day, 30 seconds apart; the old one ends in five minutes",
    access: connectAdmin,
    effect: "spend",
    params,
    reply: TokenState.extend({
      /** False: WeChat repeated the token that it had given before. */
      isNew: z.boolean(),
    }),
    faults: [
      notFound,
      forcedTooOften,
      forcedTooSoon,
      refreshUnderWay,
      boundElsewhere,
      wechatRefused,
      wechatUnreachable,
    ],
  }),
};
