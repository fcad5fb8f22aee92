import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { endSessions } from "./internal/end-sessions.ts";
import { type Kept, openTokens, sealTokens } from "./sealed-tokens.ts";
import { pageTokenOf, readToken } from "./session-tokens.ts";
import { keptWhere } from "./session-actor.ts";
import { cookieMissing, sessionCookie, sessionEnded } from "./sign-in.contract.ts";

type Cookies = Readonly<Record<string, string | undefined>>;
const sealedFor = "session cookie";

/**
 * Keeps the tokens of a page's session where no script reads them: sealed, in a cookie. What the page itself holds is
 * worth nothing without that cookie; so another site, whose calls would bring the cookie but can't bring a header, gets
 * nowhere, and neither does a script that reads all that the page knows, once it is gone from there.
 */
@Injectable()
export class SessionCookie {
  constructor(private readonly runtime: Runtime) {}

  /**
   * A session as it is answered. A sign-in takes the place of the session that the browser had before, which is ended:
   * nobody could sign it out any more.
   */
  async answer<Session extends Kept>(
    visitor: Ctx,
    session: Session,
    { keepIn, cookies }: { readonly keepIn: "reply" | "cookie"; readonly cookies?: Cookies },
  ) {
    if (keptWhere(visitor, keepIn) === "reply") return { body: session, cookies: {} };
    const former = this.read(cookies ?? {});
    const [named, now] = [former && readToken(former.refreshToken), readToken(session.refreshToken)];
    if (named !== undefined && named.id !== now?.id) {
      const ctx = this.runtime.ctx(named.tenantId, { traceId: visitor.traceId });
      await endSessions(ctx, "signed_in_again", { sessionId: named.id });
    }
    return this.kept(session);
  }

  /** A session that goes on in the cookie. */
  kept<Session extends Kept>(session: Session) {
    const sealed = sealTokens(this.runtime.secrets, sealedFor, session);
    const sessionId = readToken(session.refreshToken)?.id ?? "";
    const [secret = ""] = this.runtime.env.JWT_SECRETS;
    const body = { ...session, accessToken: pageTokenOf(sessionId, secret), refreshToken: "" };
    return { body, cookies: { [sessionCookie]: sealed } };
  }

  /** @throws Fault `access.cookie_missing`, or `access.session_ended` for what isn't ours or whose key is gone */
  demand(cookies: Cookies): Kept {
    if (cookies[sessionCookie] === undefined) throw cookieMissing({ url: this.runtime.env.PUBLIC_URL });
    const kept = this.read(cookies);
    if (kept === undefined) throw sessionEnded();
    return kept;
  }

  /** Undefined if there is none, or none that opens. */
  read(cookies: Cookies): Kept | undefined {
    return openTokens(this.runtime.secrets, sealedFor, cookies[sessionCookie]);
  }
}
