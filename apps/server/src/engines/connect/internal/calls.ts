import type { WechatClient } from "@zhanggui/wechat/client";
import { z } from "zod";

const Done = z.object({}).transform(() => undefined);

/** openapi/quota/get: of one call, today. A limit that is a billion is none. */
export function getQuota(client: WechatClient, path: string) {
  const Reply = z
    .object({
      quota: z.object({ daily_limit: z.int(), used: z.int(), remain: z.int() }),
      rate_limit: z.object({ call_count: z.int(), refresh_second: z.int() }).optional(),
    })
    .transform(({ quota, rate_limit: rate }) => ({
      used: quota.used,
      limit: quota.daily_limit,
      remain: quota.remain,
      perMinute: rate === undefined ? null : Math.floor((rate.call_count * 60) / Math.max(1, rate.refresh_second)),
    }));
  return client.call({ method: "POST", path: "/cgi-bin/openapi/quota/get", body: { cgi_path: path }, reply: Reply });
}

/** clear_quota: of all calls. */
export function resetAllQuotas(client: WechatClient, appId: string): Promise<void> {
  return client.call({
    method: "POST",
    path: "/cgi-bin/clear_quota",
    body: { appid: appId },
    reply: Done,
    write: true,
  });
}

/** openapi/quota/clear: of one call. */
export function resetQuota(client: WechatClient, path: string): Promise<void> {
  const call = { method: "POST", path: "/cgi-bin/openapi/quota/clear", body: { cgi_path: path }, reply: Done } as const;
  return client.call({ ...call, write: true });
}
