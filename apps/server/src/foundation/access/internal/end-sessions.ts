import type { Ctx } from "@zhanggui/kit/server/ctx";

/** One session, those of an account, `except` the one that is to go on; or one, if it is that account's. */
interface Which {
  readonly sessionId?: string;
  readonly accountId?: string;
  readonly except?: string;
}

/**
 * Ends what has not ended yet. `endedBecause` is for whoever asks later why somebody was signed out.
 *
 * @returns how many there were
 */
export async function endSessions(
  ctx: Ctx,
  endedBecause: string,
  { sessionId, accountId, except }: Which & ({ readonly sessionId: string } | { readonly accountId: string }),
): Promise<number> {
  let query = ctx.db
    .updateTable("access_session")
    .set({ endedAt: ctx.now(), endedBecause })
    .where("endedAt", "is", null);
  if (sessionId !== undefined) query = query.where("id", "=", sessionId);
  if (accountId !== undefined) query = query.where("accountId", "=", accountId);
  if (except !== undefined) query = query.where("id", "!=", except);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}
