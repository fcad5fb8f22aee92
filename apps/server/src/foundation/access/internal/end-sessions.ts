import type { Ctx } from "@zhanggui/kit/server/ctx";

/** One session, or those of an account, `except` the one that is to go on. */
type Which = { readonly sessionId: string } | { readonly accountId: string; readonly except?: string };

/** Ends what has not ended yet. `endedBecause` is for whoever asks later why somebody was signed out. */
export async function endSessions(ctx: Ctx, endedBecause: string, which: Which): Promise<void> {
  let query = ctx.db
    .updateTable("access_session")
    .set({ endedAt: ctx.now(), endedBecause })
    .where("endedAt", "is", null);
  if ("sessionId" in which) query = query.where("id", "=", which.sessionId);
  else query = query.where("accountId", "=", which.accountId);
  if ("except" in which && which.except !== undefined) query = query.where("id", "!=", which.except);
  await query.execute();
}
