import type { TxCtx } from "@zhanggui/kit/server/ctx";
import type { Openid } from "../../connect/openid.ts";

/**
 * Claims that somebody is told what is said now and then only. Of several who claim it at once, one has it.
 *
 * @param what `busy`, or a rule's id
 * @param everyMs it isn't said again for so long
 */
export async function claimTold(
  ctx: TxCtx,
  { wechatAppId, openid }: Openid,
  what: string,
  everyMs: number,
): Promise<boolean> {
  const now = ctx.now();
  const claimed = await ctx.db
    .insertInto("messaging_told")
    .values({ wechatAppId, openid, what, at: now })
    .onConflict((on) =>
      on
        .columns(["tenantId", "wechatAppId", "openid", "what"])
        .doUpdateSet({ at: now })
        .where("messaging_told.at", "<=", new Date(now.getTime() - everyMs)),
    )
    .returning("at")
    .executeTakeFirst();
  return claimed !== undefined;
}
