import type { OAuthGrant } from "../world/oauth.ts";
import type { Account } from "../world/model.ts";
import type { State } from "../world/state.ts";
import { accountOf, json, okAnswer } from "./answers.ts";
import { accountBySecret } from "./checks.ts";
import { type KnownErrcode, Refusal } from "./errcodes.ts";
import { oauthRules, ticketRules } from "./limits.ts";
import type { ApiAnswer, ApiCall, ApiRoute } from "./route.ts";

const page = "doc/service/api/webdev/access/api_snsaccesstoken";
const common = { method: "GET", page, access: "open" } as const;

/** What a page does with the code that a user's consent gave it, and the ticket of the JS-SDK. */
export const oauthRoutes: readonly ApiRoute[] = [
  {
    ...common,
    path: "/sns/oauth2/access_token",
    says: "Changes a code for an access token in the user's name.",
    rules: [oauthRules.codeSeconds, oauthRules.accessSeconds],
    errcodes: [40002, 40013, 40029, 40125, 40163, 41002, 41004, 41008, 42003],
    handle(state, { query }) {
      const account = accountBySecret(state, query);
      if (query["grant_type"] !== "authorization_code") throw new Refusal(40002);
      if ((query["code"] ?? "") === "") throw new Refusal(41008);
      const grant = state.oauth.take(query["code"] ?? "", account.appid);
      return answerGrant(state, grant, { unknown: 40029, used: 40163, expired: 42003 });
    },
  },
  {
    ...common,
    path: "/sns/oauth2/refresh_token",
    says: "Goes on with a refresh token.",
    rules: [oauthRules.refreshSeconds],
    errcodes: [40002, 40013, 40030, 41002, 41003, 42002],
    handle(state, { query }) {
      const { appid = "", grant_type: grantType, refresh_token: refreshToken = "" } = query;
      if (appid === "") throw new Refusal(41002);
      if (!state.accounts.has(appid)) throw new Refusal(40013);
      if (grantType !== "refresh_token") throw new Refusal(40002);
      if (refreshToken === "") throw new Refusal(41003);
      return answerGrant(state, state.oauth.refresh(refreshToken, appid), { unknown: 40030, expired: 42002 });
    },
  },
  {
    ...common,
    path: "/sns/userinfo",
    says: "Tells of the user who agreed to snsapi_userinfo: name and picture too.",
    errcodes: [40003, 40014, 41009],
    handle(state, call) {
      const { grant, openid } = granted(state, call);
      if (grant.scope !== "snsapi_userinfo") throw new Refusal(48001);
      const bond = state.bondByOpenid(grant.appid, openid);
      if (bond === undefined) throw new Refusal(40003);
      return json({
        openid,
        nickname: state.puppet(bond.puppetId).name,
        sex: 0,
        language: "",
        city: "",
        province: "",
        country: "",
        headimgurl: "",
        privilege: [],
        ...(bond.unionid === null ? {} : { unionid: bond.unionid }),
      });
    },
  },
  {
    ...common,
    path: "/sns/auth",
    says: "Tells whether an access token in a user's name still works.",
    errcodes: [40003, 40014, 41009],
    handle(state, call) {
      granted(state, call);
      return okAnswer;
    },
  },
  {
    method: "GET",
    path: "/cgi-bin/ticket/getticket",
    says: "Gives the ticket that pages sign their JS-SDK configuration with.",
    page: "doc/offiaccount/OA_Web_Apps/JS-SDK",
    access: "token",
    perDay: 1_000_000,
    rules: [ticketRules.lifeSeconds],
    errcodes: [40097],
    handle(state, call) {
      const { type } = call.query;
      if (type !== "jsapi" && type !== "wx_card") throw new Refusal(40097);
      const { ticket, expiresInSeconds } = currentTicket(state, accountOf(call), type);
      return json({ errcode: 0, errmsg: "ok", ticket, expires_in: expiresInSeconds });
    },
  },
];

function answerGrant(
  state: State,
  grant: OAuthGrant | "unknown" | "used" | "expired",
  codes: { unknown: KnownErrcode; used?: KnownErrcode; expired: KnownErrcode },
): ApiAnswer {
  if (typeof grant === "string") throw new Refusal(codes[grant] ?? codes.unknown);
  state.tell({ type: "world" });
  const { accessToken, refreshToken, openid, scope, appid } = grant;
  const unionid = state.bondByOpenid(appid, openid)?.unionid ?? null;
  return json({
    access_token: accessToken,
    expires_in: state.rules.number(oauthRules.accessSeconds),
    refresh_token: refreshToken,
    openid,
    scope,
    ...(unionid === null || scope === "snsapi_base" ? {} : { unionid }),
  });
}

/** The grant of a call in a user's name. @throws Refusal 40014, 42001, 41009, 40003 */
function granted(state: State, { query }: ApiCall): { grant: OAuthGrant; openid: string } {
  const { access_token: accessToken = "", openid = "" } = query;
  if (accessToken === "") throw new Refusal(41001);
  const grant = state.oauth.look(accessToken);
  if (grant === "unknown") throw new Refusal(40014);
  if (grant === "expired") throw new Refusal(42001);
  if (openid === "") throw new Refusal(41009);
  if (grant.openid !== openid) throw new Refusal(40003);
  return { grant, openid };
}

/** One ticket of a kind at a time; another one once its seconds are over. */
function currentTicket(
  state: State,
  account: Account,
  type: "jsapi" | "wx_card",
): { ticket: string; expiresInSeconds: number } {
  const now = state.now();
  const known = account.tickets[type];
  const lifeMs = state.rules.number(ticketRules.lifeSeconds) * 1000;
  // One from a time that is still to come is of a clock that was turned back.
  if (known === undefined || known.expiresAt <= now || known.expiresAt > now + lifeMs) {
    const expiresAt = now + lifeMs;
    account.tickets[type] = { ticket: `${type}-${state.random.letters(80)}`, expiresAt };
    state.tell({ type: "world" });
  }
  const { ticket, expiresAt } = account.tickets[type] ?? { ticket: "", expiresAt: now };
  return { ticket, expiresInSeconds: Math.ceil((expiresAt - now) / 1000) };
}
