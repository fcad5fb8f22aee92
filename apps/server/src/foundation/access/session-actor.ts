import type { Actor, Ctx } from "@zhanggui/kit/server/ctx";

/** Somebody who is signed in. */
export interface SessionActor extends Actor {
  readonly kind: "account";
  readonly sessionId: string;
  /** It called by a page's token and the cookie: what such a page is given goes into the cookie again. */
  readonly isPage?: true;
}

/**
 * Where a session that the caller goes on with is kept. What a page's script can call must not hand it the tokens that
 * lie in the cookie so that no script reads them.
 */
export function keptWhere({ actor }: Ctx, keepIn: "reply" | "cookie"): "reply" | "cookie" {
  return "isPage" in actor ? "cookie" : keepIn;
}

export function sessionOf(ctx: Ctx): SessionActor {
  const actor = ctx.actor;
  if (actor.kind !== "account" || !("sessionId" in actor)) throw new Error("this needs a session");
  return actor as SessionActor;
}
