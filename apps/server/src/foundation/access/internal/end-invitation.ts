import type { Ctx } from "@zhanggui/kit/server/ctx";

/** Whoever has the link to an account could undo what was just done to it, days later. */
export async function endInvitation(ctx: Ctx, accountId: string): Promise<void> {
  await ctx.db.deleteFrom("access_invitation").where("accountId", "=", accountId).execute();
}
