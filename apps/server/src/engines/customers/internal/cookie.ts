import { openTokens, sealTokens, type Kept } from "../../../foundation/access/sealed-tokens.ts";
import { pageTokenOf, readToken, type SessionKind } from "../../../foundation/access/session-tokens.ts";
import type { Runtime } from "@zhanggui/kit/server/runtime";
import { customerCookie } from "../customers.contract.ts";

/** Customers' sessions: none of their tokens is one of an account's, nor the other way round. */
export const customerSessions: SessionKind = { audience: "zhanggui-customer", page: "customer_page" };

const sealedFor = "customer's session cookie";
type Cookies = Readonly<Record<string, string | undefined>>;

/** What the browser's cookie holds; undefined for none, and for what doesn't open. */
export function keptIn({ secrets }: Runtime, cookies: Cookies): Kept | undefined {
  return openTokens(secrets, sealedFor, cookies[customerCookie]);
}

/** A session as a page gets it: its tokens in the cookie, and in the answer what is worth nothing without it. */
export function asKept<Session extends Kept>({ secrets, env }: Runtime, session: Session) {
  const [secret = ""] = env.JWT_SECRETS;
  const sessionId = readToken(session.refreshToken)?.id ?? "";
  const body = { ...session, accessToken: pageTokenOf(sessionId, secret, customerSessions), refreshToken: "" };
  return { body, cookies: { [customerCookie]: sealTokens(secrets, sealedFor, session) } };
}
