import { z } from "zod";
import { asLimit } from "../world/quotas.ts";
import { accountOf, json, okAnswer, textOf } from "./answers.ts";
import { accountBySecret } from "./checks.ts";
import { Refusal } from "./errcodes.ts";
import { quotaRules } from "./limits.ts";
import type { ApiRoute } from "./route.ts";

/** Addresses that documents keep for examples: nobody has them. */
const serverAddresses = ["192.0.2.11", "192.0.2.12", "198.51.100.7"];

/** What concerns all calls. It is made last, since it must know every path. */
export function quotaRoutes(others: readonly ApiRoute[]): readonly ApiRoute[] {
  const routes: readonly ApiRoute[] = [...clearing, ...records, ...ofPaths((path) => routeOf(path))];
  const routeOf = (path: string | null): ApiRoute => {
    if (path?.startsWith("/") !== true) throw new Refusal(76003);
    if (path.startsWith("/sns/")) throw new Refusal(76022);
    const route = [...others, ...routes].find((each) => each.path === path);
    if (route === undefined) throw new Refusal(76021);
    return route;
  };
  return routes;
}

const clearing: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/clear_quota",
    says: "Sets today's counts of all calls to nothing, ten times a month.",
    page: "doc/service/en/Message_Management/API_Call_Limits",
    access: "token",
    body: z.strictObject({ appid: z.string() }),
    rules: [quotaRules.clearsPerMonth],
    errcodes: [40013, 41002],
    handle(state, call) {
      const account = accountOf(call);
      const appid = textOf(call.body, "appid");
      if (appid === null) throw new Refusal(41002);
      if (appid !== account.appid) throw new Refusal(40013);
      state.quotas.clear(account);
      return okAnswer;
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/clear_quota/v2",
    says: "The same by appid and secret: an account whose token calls are used up can't get a token.",
    page: "doc/service/api/apimanage/api_clearquotabyappsecret",
    access: "open",
    body: z.strictObject({ appid: z.string(), appsecret: z.string() }),
    rules: [quotaRules.clearsPerMonth],
    errcodes: [40013, 40125, 41002, 41004],
    handle(state, { body }) {
      state.quotas.clear(accountBySecret(state, { appid: body["appid"], secret: body["appsecret"] }));
      return okAnswer;
    },
  },
];

/** Calls that name another call. */
function ofPaths(routeOf: (path: string | null) => ApiRoute): readonly ApiRoute[] {
  return [
    {
      method: "POST",
      path: "/cgi-bin/openapi/quota/clear",
      says: "Sets today's count of one call to nothing; counts among the ten of the month.",
      page: "doc/channels/api/basic/api_clearapiquota",
      access: "token",
      body: z.strictObject({ cgi_path: z.string() }),
      rules: [quotaRules.clearsPerMonth],
      errcodes: [76003, 76021, 76022],
      handle(state, call) {
        const route = routeOf(textOf(call.body, "cgi_path"));
        state.quotas.clear(accountOf(call), route.path);
        return okAnswer;
      },
    },
    {
      method: "POST",
      path: "/cgi-bin/openapi/quota/get",
      says: "Tells how often a call may be made today, and was.",
      page: "doc/oplatform/Third-party_Platforms/2.0/api/openApi/get_api_quota",
      access: "token",
      body: z.strictObject({ cgi_path: z.string() }),
      errcodes: [76003, 76021, 76022],
      handle(state, call) {
        const account = accountOf(call);
        const route = routeOf(textOf(call.body, "cgi_path"));
        const daily = asLimit(state.quotas.limitOfDay(route, account));
        const used = state.quotas.usedToday(route, account);
        const rate =
          route.perMinute === undefined ? {} : { rate_limit: { call_count: route.perMinute, refresh_second: 60 } };
        return json({
          errcode: 0,
          errmsg: "ok",
          quota: { daily_limit: daily, used, remain: Math.max(0, daily - used) },
          ...rate,
        });
      },
    },
  ];
}

const records: readonly ApiRoute[] = [
  {
    method: "POST",
    path: "/cgi-bin/openapi/rid/get",
    says: "Tells what was asked and answered where a refusal named this rid.",
    page: "doc/oplatform/Third-party_Platforms/2.0/api/openApi/get_rid_info",
    access: "token",
    body: z.strictObject({ rid: z.string() }),
    errcodes: [76001, 76002],
    handle(state, call) {
      const rid = textOf(call.body, "rid") ?? "";
      const entry = state.journal.list({ kind: "api" }).find((each) => each.rid === rid);
      if (entry === undefined || rid === "") throw new Refusal(76001);
      if (entry.appid !== accountOf(call).appid) throw new Refusal(76002);
      return json({
        errcode: 0,
        errmsg: "ok",
        request: {
          invoke_time: Math.floor(entry.at / 1000),
          cost_in_ms: entry.ms,
          request_url: entry.url.replace(/access_token=[^&]*/, "access_token=***"),
          request_body: entry.request,
          response_body: entry.response,
          client_ip: call.address,
        },
      });
    },
  },
  ...(["/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip"] as const).map((path): ApiRoute => ({
    method: "GET",
    path,
    says: `Lists the addresses ${path.endsWith("domain_ip") ? "of WeChat's API" : "that pushes come from"}.`,
    page: "doc/service/api/base/api_getcallbackip",
    access: "token",
    perDay: 5_000,
    handle: () => json({ ip_list: serverAddresses }),
  })),
];
