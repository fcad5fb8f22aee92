import { redirect } from "@zhanggui/kit/contract/body";
import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { customerAccess, publicAccess } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { z } from "zod";
import { sessionCookies, setsSession, signInRefused } from "./session.contract.ts";
import { appOff, pageLoginFailed, snapshotPage, wechatUnreachable } from "../connect/call.contract.ts";

/** Somebody came back from WeChat whom nobody sent there from this browser, or a second time. */
export const wayLost = fault(
  "customers.way_lost",
  403,
  {
    zh: "微信授权没有完成：链接已用过、已过期，或不是从这个浏览器打开的。请重新登录。",
    en: "WeChat's authorisation didn't come through: it was used already, has expired, or began in another browser. Begin anew.",
  },
  { errno: 2501 },
);
/** They came back without a code: they didn't agree. */
export const signInDeclined = fault(
  "customers.sign_in_declined",
  403,
  {
    zh: "您没有同意微信授权，因此没有登录。想登录时请重新开始。",
    en: "You didn't agree at WeChat, so you aren't signed in. Begin anew if you want to be.",
  },
  { errno: 2501 },
);
export const returnNotAllowed = fault("customers.return_not_allowed", 422, {
  zh: "登录后不能回到这个地址，它不在本系统和已登记的域名内。",
  en: "People can't be sent there after signing in: it is neither of this system nor of a domain that was named.",
});

/** What has to fit when somebody comes back from WeChat, sealed. Lax: WeChat's page sends the browser here. */
export const wechatCookie = "zhanggui-wechat";
export const setsWay = { [wechatCookie]: { maxAgeSeconds: 600, sameSite: "lax" } } as const;
export const PageScope = z.enum(["snsapi_base", "snsapi_userinfo"]);

const To = z.string().max(1000).optional();

/** Signing in by WeChat, inside WeChat. */
export const wechatRoutes = {
  beginWechat: route.get("/customers/wechat/sign-in", {
    summary: "Sends a browser inside WeChat to WeChat's page, to come back signed in",
    access: publicAccess,
    forPeople: { back: "/customer" },
    limit: { perMinute: 120, by: "address" },
    query: z.object({
      tenantId: Id.optional(),
      /** By which account; may be left out where there is only one. */
      wechatAppId: Id.optional(),
      /** `snsapi_userinfo` asks people for name and picture; `snsapi_base` asks nothing. */
      scope: PageScope.default("snsapi_base"),
      /** Where to go then: a page of this system, or of a domain that the business has named. */
      to: To,
    }),
    reply: redirect,
    sets: { cookies: setsWay },
    faults: [notFound, appOff, returnNotAllowed, signInRefused],
  }),
  wechatCallback: route.get("/customers/wechat/callback", {
    summary: "Where WeChat sends a browser back to; it goes on to the page, signed in",
    access: publicAccess,
    forPeople: { back: "/customer" },
    limit: { perMinute: 120, by: "address" },
    headers: z.object({ "user-agent": z.string().optional() }),
    query: z.object({ code: z.string().max(500).optional(), state: z.string().max(128).optional() }),
    cookies: sessionCookies.extend({ [wechatCookie]: z.string().max(4000).optional() }),
    reply: redirect,
    sets: { cookies: { ...setsSession.cookies, ...setsWay } },
    faults: [
      wayLost,
      signInDeclined,
      snapshotPage,
      pageLoginFailed,
      wechatUnreachable,
      notFound,
      appOff,
      signInRefused,
    ],
  }),
  linkWechat: route.post("/customers/me/wechat", {
    summary: "Begin to link the customer's own WeChat: where to send the browser",
    access: customerAccess,
    effect: "change",
    body: z.object({ wechatAppId: Id.optional(), scope: PageScope.default("snsapi_base"), to: To }),
    reply: z.object({ location: z.string() }),
    sets: { cookies: setsWay },
    faults: [notFound, appOff, returnNotAllowed],
  }),
};
