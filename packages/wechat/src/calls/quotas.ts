import { z } from "zod";
import { atMostOnce, Done, get, post, read } from "../call.ts";

const limitsPage = "doc/service/en/Message_Management/API_Call_Limits";

/** Times a month that an account's counts are set to nothing, by whatever call (48006). */
export const quotaLimits = { clearsPerMonth: 10 } as const;

/** Sets today's counts of all calls to nothing. */
export const clearQuota = post("/cgi-bin/clear_quota", {
  page: limitsPage,
  effect: atMostOnce,
  request: ({ appId }: { appId: string }) => ({ body: { appid: appId } }),
  reply: Done,
});

/** The same for an account that can't get a token any more. */
export const clearQuotaBySecret = post("/cgi-bin/clear_quota/v2", {
  page: "doc/service/api/apimanage/api_clearquotabyappsecret",
  effect: atMostOnce,
  access: "open",
  request: ({ appId, secret }: { appId: string; secret: string }) => ({ body: { appid: appId, appsecret: secret } }),
  reply: Done,
});

const pathRequest = ({ path }: { path: string }) => ({ body: { cgi_path: path } });

/** Sets today's count of one call to nothing; counts among the ten of the month. */
export const clearQuotaOf = post("/cgi-bin/openapi/quota/clear", {
  page: "doc/channels/api/basic/api_clearapiquota",
  effect: atMostOnce,
  request: pathRequest,
  reply: Done,
});

/** How often a call may be made today, and was. Calls in a user's name (`/sns/…`) aren't counted (76022). */
export const quotaOf = post("/cgi-bin/openapi/quota/get", {
  page: "doc/oplatform/Third-party_Platforms/2.0/api/openApi/get_api_quota",
  effect: read,
  request: pathRequest,
  reply: z
    .object({
      quota: z.object({ daily_limit: z.number(), used: z.number(), remain: z.number() }),
      rate_limit: z.object({ call_count: z.number(), refresh_second: z.number() }).optional(),
    })
    .transform(({ quota, rate_limit }) => ({
      perDay: quota.daily_limit,
      used: quota.used,
      left: quota.remain,
      rate: rate_limit && { calls: rate_limit.call_count, seconds: rate_limit.refresh_second },
    })),
});

/** What was asked and answered where a refusal named this rid; for seven days. */
export const requestOfRid = post("/cgi-bin/openapi/rid/get", {
  page: "doc/oplatform/Third-party_Platforms/2.0/api/openApi/get_rid_info",
  effect: read,
  request: ({ rid }: { rid: string }) => ({ body: { rid } }),
  reply: z
    .object({
      request: z.object({
        invoke_time: z.number(),
        cost_in_ms: z.number(),
        request_url: z.string(),
        request_body: z.string(),
        response_body: z.string(),
        client_ip: z.string(),
      }),
    })
    .transform(({ request }) => ({
      at: new Date(request.invoke_time * 1_000),
      durationMs: request.cost_in_ms,
      url: request.request_url,
      requestBody: request.request_body,
      responseBody: request.response_body,
      /** Our address as WeChat saw it: what its white list must hold. */
      clientAddress: request.client_ip,
    })),
});

const Addresses = z.object({ ip_list: z.array(z.string()) }).transform(({ ip_list }) => ip_list);
const addressPage = "doc/service/api/base/api_getcallbackip";

/** The addresses of WeChat's API. */
export const apiAddresses = get("/cgi-bin/get_api_domain_ip", { page: addressPage, effect: read, reply: Addresses });

/** The addresses that pushes come from. */
export const pushAddresses = get("/cgi-bin/getcallbackip", { page: addressPage, effect: read, reply: Addresses });
