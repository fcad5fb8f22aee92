import { z } from "zod";
import { atMostOnce, Done, get, idempotent, read } from "../call.ts";

/** Login on web pages inside WeChat (OAuth 2.0), and the ticket that pages sign their JS-SDK configuration with. */
const page = "doc/service/api/webdev/access/api_snsaccesstoken";

/** A code lives five minutes and works once, a refresh token thirty days. */
export const pageLoginLimits = { codeSeconds: 300, refreshSeconds: 2_592_000, stateLength: 128 } as const;

export type PageScope = "snsapi_base" | "snsapi_userinfo";

/**
 * Where to send the user's browser. `openUrl`: `https://open.weixin.qq.com` or a stand-in. `state`: letters and digits,
 * at most 128; comes back unchanged. WeChat appends `code` and `state` to `redirectUrl`.
 */
export function authorizeUrl(ask: {
  readonly openUrl: string;
  readonly appId: string;
  readonly redirectUrl: string;
  readonly scope: PageScope;
  readonly state: string;
}): string {
  if (!/^[0-9A-Za-z]*$/.test(ask.state) || ask.state.length > pageLoginLimits.stateLength)
    throw new RangeError(`state must be letters and digits, at most ${pageLoginLimits.stateLength}`);
  // WeChat's own page wants this order.
  const query = new URLSearchParams([
    ["appid", ask.appId],
    ["redirect_uri", ask.redirectUrl],
    ["response_type", "code"],
    ["scope", ask.scope],
    ["state", ask.state],
  ]);
  return `${ask.openUrl.replace(/\/$/, "")}/connect/oauth2/authorize?${query.toString()}#wechat_redirect`;
}

const PageGrant = z
  .object({
    access_token: z.string().min(1),
    expires_in: z.number(),
    refresh_token: z.string(),
    openid: z.string().min(1),
    scope: z.string(),
    unionid: z.string().optional(),
    is_snapshotuser: z.number().optional(),
  })
  .transform((grant) => ({
    accessToken: grant.access_token,
    expiresInSeconds: grant.expires_in,
    refreshToken: grant.refresh_token,
    openid: grant.openid,
    scopes: grant.scope.split(","),
    unionid: grant.unionid || undefined,
    /** Made up for WeChat's snapshot of a page, where people only look: openid and all else are nobody's. */
    isSnapshot: grant.is_snapshotuser === 1,
  }));
export type PageGrant = z.output<typeof PageGrant>;

/** A code works once: 40163 says that it was used, 40029 that it is unknown, 42003 that it is too old. */
export const pageGrant = get("/sns/oauth2/access_token", {
  page,
  effect: atMostOnce,
  access: "open",
  request: ({ appId, secret, code }: { appId: string; secret: string; code: string }) => ({
    query: { appid: appId, secret, code, grant_type: "authorization_code" },
  }),
  reply: PageGrant,
});

export const refreshPageGrant = get("/sns/oauth2/refresh_token", {
  page,
  effect: idempotent(),
  access: "open",
  request: ({ appId, refreshToken }: { appId: string; refreshToken: string }) => ({
    query: { appid: appId, grant_type: "refresh_token", refresh_token: refreshToken },
  }),
  reply: PageGrant,
});

const grantRequest = ({ accessToken, openid }: { accessToken: string; openid: string }) => ({
  query: { access_token: accessToken, openid, lang: "zh_CN" },
});

/** With `snsapi_userinfo` only (48001). */
export const pageUser = get("/sns/userinfo", {
  page,
  effect: read,
  access: "open",
  request: grantRequest,
  reply: z
    .object({
      openid: z.string(),
      nickname: z.string(),
      headimgurl: z.string().optional(),
      unionid: z.string().optional(),
    })
    .transform(({ openid, nickname, headimgurl, unionid }) => ({
      openid,
      name: nickname,
      pictureUrl: headimgurl || undefined,
      unionid: unionid || undefined,
    })),
});

/** Whether a user's token still works: refused with 40014 or 42001 if not. */
export const checkPageGrant = get("/sns/auth", {
  page,
  effect: read,
  access: "open",
  request: grantRequest,
  reply: Done,
});

/** One ticket for all pages of the account, for two hours. */
export const jsTicket = get("/cgi-bin/ticket/getticket", {
  page: "doc/offiaccount/OA_Web_Apps/JS-SDK",
  effect: read,
  request: ({ type }: { type: "jsapi" | "wx_card" }) => ({ query: { type } }),
  reply: z
    .object({ ticket: z.string().min(1), expires_in: z.number() })
    .transform(({ ticket, expires_in }) => ({ ticket, expiresInSeconds: expires_in })),
});
