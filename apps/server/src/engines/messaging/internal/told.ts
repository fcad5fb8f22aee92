import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { sql } from "kysely";
import { type Openid, openidKey } from "../../connect/openid.ts";

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

/** When each of these was last told, by their key. */
export async function toldSince(ctx: Ctx, what: string, of: readonly Openid[]): Promise<ReadonlyMap<string, Date>> {
  if (of.length === 0) return new Map();
  const rows = await ctx.db
    .selectFrom("messaging_told")
    .select(["wechatAppId", "openid", "at"])
    .where("what", "=", what)
    .where("wechatAppId", "in", [...new Set(of.map(({ wechatAppId }) => wechatAppId))])
    .where("openid", "=", sql<string>`ANY (${of.map(({ openid }) => openid)})`)
    .execute();
  return new Map(rows.map(({ at, ...openid }) => [openidKey(openid), at]));
}
