import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { json } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import { tokenRules } from "./limits.ts";
import { z } from "zod";
import { accountBySecret, spend } from "./checks.ts";
import type { ApiAnswer, ApiCall, ApiRoute } from "./route.ts";

const credentialErrcodes = [40002, 40013, 40125, 40164, 41002, 41004] as const;

export const tokenRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/cgi-bin/token",
    says: "Gives a new access token; the one before goes on for five minutes.",
    page: "doc/service/api/base/api_getaccesstoken",
    access: "open",
    perDay: 2_000,
    rules: [tokenRules.lifeSeconds, tokenRules.overlapSeconds],
    errcodes: credentialErrcodes,
    handle(state, call) {
      const { appid } = credentials(state, this, call, call.query);
      return tokenAnswer(state.tokens.issue(appid));
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/stable_token",
    says: "Gives the current access token, apart from those of cgi-bin/token, or a new one when it is due or forced.",
    page: "doc/service/api/base/api_getstableaccesstoken",
    access: "open",
    perDay: 500_000,
    perMinute: 10_000,
    body: z.strictObject({
      grant_type: z.string(),
      appid: z.string(),
      secret: z.string(),
      force_refresh: z.boolean().optional(),
    }),
    rules: Object.values(tokenRules),
    errcodes: credentialErrcodes,
    handle(state, call) {
      const { appid } = credentials(state, this, call, call.body);
      return tokenAnswer(state.tokens.issueStable(appid, call.body["force_refresh"] === true));
    },
  },
];

function credentials(state: State, route: ApiRoute, call: ApiCall, input: Record<string, unknown>): Account {
  const account = accountBySecret(state, input);
  if (input["grant_type"] !== "client_credential") throw new Refusal(40002);
  const { address } = call;
  if (account.ipWhitelist !== null && !account.ipWhitelist.includes(address)) {
    // The address is named in the answer: it is what somebody must add.
    throw new Refusal(40164, ` ${address}${address.includes(":") ? "" : ` ipv6 ::ffff:${address}`}, not in whitelist`);
  }
  spend(state, route, account);
  return account;
}

function tokenAnswer(token: { value: string; expiresInSeconds: number }): ApiAnswer {
  return json({ access_token: token.value, expires_in: token.expiresInSeconds });
}
