import { fault } from "@zhanggui/kit/contract/fault";
import { notFound } from "@zhanggui/kit/contract/faults";
import { Id } from "@zhanggui/kit/contract/ids";
import { publicAccess } from "@zhanggui/kit/contract/permission";
import { route } from "@zhanggui/kit/contract/route";
import { z } from "zod";
import { appOff, boundElsewhere, wechatRefused, wechatUnreachable } from "./call.contract.ts";

export const pageNotAllowed = fault("connect.page_not_allowed", 403, {
  zh: "这个网址不在已登记的域名内，不签发 JS-SDK 配置。",
  en: "Pages of this address get no JS-SDK signature: its domain was not named.",
});

export const jsSdkRoutes = {
  signPage: route.get("/wechat/apps/:wechatAppId/js-config", {
    summary: "What a page inside WeChat hands to wx.config: signed for its address, if its domain was named",
    access: publicAccess,
    limit: { perMinute: 120, by: "address" },
    params: z.object({ wechatAppId: Id }),
    query: z.object({
      /** The page's own address as the browser has it; what follows # counts for nothing. */
      url: z.url({ protocol: /^https?$/ }).max(2000),
    }),
    reply: z.object({ appId: z.string(), timestamp: z.int(), nonceStr: z.string(), signature: z.string() }),
    faults: [notFound, appOff, pageNotAllowed, boundElsewhere, wechatRefused, wechatUnreachable],
  }),
};
