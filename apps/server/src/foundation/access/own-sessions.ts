import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { access } from "./access.contract.ts";
import { AccessService } from "./access.service.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { sessionOf } from "./session-actor.ts";

type View = Out<typeof access.listOwnSessions>["items"][number];
const dayMs = 86_400_000;
/** So long who acted in somebody's name is told them; ended sessions are kept as long. */
const toldDays = 30;
const mostTold = 200;

/** Where somebody is signed in: seen and ended by themselves, and by whoever manages accounts. */
@Injectable()
export class OwnSessions {
  constructor(private readonly accounts: AccessService) {}

  list(ctx: Ctx): Promise<{ items: View[] }> {
    return this.#list(ctx, ctx.actor.id, sessionOf(ctx).sessionId);
  }

  /** @throws Fault `kit.not_found` for one that isn't theirs, or has ended; `kit.conflict` for this one */
  async end(ctx: Ctx, { sessionId }: Flat<typeof access.endOwnSession>): Promise<void> {
    if (sessionId === sessionOf(ctx).sessionId) throw conflict();
    const ended = await endSessions(ctx, "signed_out_elsewhere", { accountId: ctx.actor.id, sessionId });
    if (ended === 0) throw notFound();
  }

  async endOthers(ctx: Ctx): Promise<{ ended: number }> {
    const { sessionId: except } = sessionOf(ctx);
    return { ended: await endSessions(ctx, "signed_out_elsewhere", { accountId: ctx.actor.id, except }) };
  }

  /** @throws Fault `kit.not_found` */
  async listOf(ctx: Ctx, { accountId }: Flat<typeof access.listAccountSessions>): Promise<{ items: View[] }> {
    await this.accounts.account(ctx, accountId);
    return this.#list(ctx, accountId, undefined);
  }

  /** @throws Fault `kit.not_found`, `access.beyond_own_rights`, `access.beyond_own_departments` */
  async endOf(ctx: Ctx, { accountId, sessionId }: Flat<typeof access.endAccountSessions>): Promise<{ ended: number }> {
    return ctx.tx(async (ctx) => {
      await this.accounts.demandMayChange(ctx, accountId);
      const which = { accountId, ...(sessionId === undefined ? {} : { sessionId }) };
      const ended = await endSessions(ctx, "signed_out_by_administrator", which);
      if (sessionId !== undefined && ended === 0) throw notFound();
      return { ended };
    });
  }

  async #list(ctx: Ctx, accountId: string, currentId: string | undefined): Promise<{ items: View[] }> {
    const now = ctx.now();
    const since = new Date(now.getTime() - toldDays * dayMs);
    const rows = await ctx.db
      .selectFrom("access_session as session")
      .leftJoin("access_impersonation as by", "by.sessionId", "session.id")
      .leftJoin("access_account as impersonator", "impersonator.id", "by.impersonatorId")
      .select(["session.id", "agent", "source", "session.createdAt", "renewedAt", "endedAt", "session.expiresAt"])
      .select(["by.reason", "by.until", "impersonator.displayName as impersonatorName"])
      .where("session.accountId", "=", accountId)
      .where(({ and, or, eb }) =>
        or([
          and([eb("endedAt", "is", null), eb("session.expiresAt", ">", now)]),
          and([eb("by.sessionId", "is not", null), eb("session.createdAt", ">", since)]),
        ]),
      )
      .orderBy("session.createdAt", "desc")
      .orderBy("session.id", "desc")
      .limit(mostTold)
      .execute();
    const items = rows.map((row): View => {
      const { id, agent, source, createdAt, renewedAt, endedAt, expiresAt, reason, until, impersonatorName } = row;
      const isOver = endedAt ?? (expiresAt <= now ? expiresAt : null);
      const impersonation = until === null ? null : { name: impersonatorName ?? "", reason: reason ?? "", until };
      const isCurrent = id === currentId;
      return {
        id,
        agent,
        source,
        at: createdAt,
        lastAt: renewedAt ?? createdAt,
        isCurrent,
        impersonation,
        endedAt: isOver,
      };
    });
    return { items };
  }
}
