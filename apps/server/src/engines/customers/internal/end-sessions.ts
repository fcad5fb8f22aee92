import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { EndedBecause } from "../customers.contract.ts";

type Which = { readonly sessionId: string } | { readonly personId: string };

/** Ends what has not ended yet. @returns whose sessions these were, one entry each */
export async function endSessions(ctx: Ctx, endedBecause: EndedBecause, which: Which): Promise<string[]> {
  const open = ctx.db
    .updateTable("customers_session")
    .set({ endedAt: ctx.now(), endedBecause })
    .where("endedAt", "is", null)
    .where("expiresAt", ">", ctx.now());
  const these =
    "sessionId" in which ? open.where("id", "=", which.sessionId) : open.where("personId", "=", which.personId);
  const ended = await these.returning("personId").execute();
  return ended.map(({ personId }) => personId);
}
