import type { State } from "../world/state.ts";
import { json } from "./answers.ts";
import { Refusal } from "./errcodes.ts";
import type { ApiRoute } from "./gateway.ts";

/** Access tokens. Sources: doc/service/api/base/api_getaccesstoken and …/api_getstableaccesstoken. */
export const tokenRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/cgi-bin/token",
    access: "open",
    handle(state, { query }) {
      const appid = checkCredentials(state, "/cgi-bin/token", query);
      return tokenAnswer(state.tokens.issue(appid));
    },
  },
  {
    method: "POST",
    path: "/cgi-bin/stable_token",
    access: "open",
    handle(state, { body }) {
      const appid = checkCredentials(state, "/cgi-bin/stable_token", body);
      return tokenAnswer(state.tokens.issueStable(appid, body["force_refresh"] === true));
    },
  },
];

function checkCredentials(state: State, path: string, input: Record<string, unknown>): string {
  const { appid, secret, grant_type: grantType } = input;
  if (typeof appid !== "string" || appid === "") throw new Refusal(41002);
  if (typeof secret !== "string" || secret === "") throw new Refusal(41004);
  if (grantType !== "client_credential") throw new Refusal(40002);
  const account = state.accounts.get(appid);
  if (account === undefined) throw new Refusal(40013);
  if (account.secret !== secret) throw new Refusal(40125);
  if (!state.spend(path, account)) throw new Refusal(45009);
  return appid;
}

function tokenAnswer(token: { value: string; expiresInSeconds: number }): { json: string } {
  return json({ access_token: token.value, expires_in: token.expiresInSeconds }) as { json: string };
}
