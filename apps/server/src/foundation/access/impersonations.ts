import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { access } from "./access.contract.ts";
import { accountImpersonated } from "./access.events.ts";
import { AccessService } from "./access.service.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { hashToken, newToken } from "./session-tokens.ts";
import { accessImpersonate, notToBeImpersonated } from "./own-sessions.contract.ts";
import { Rights } from "./rights.ts";
import { sessionOf } from "./session-actor.ts";

/** Long enough to see what somebody sees; nobody forgets for a day whose name they act in. */
const impersonationMs = 30 * 60_000;

/** Somebody who acts in another's name, by a session of that account. */
export interface Impersonation {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
  readonly until: Date;
  readonly ownSessionId: string;
}

/**
 * Acting in another's name: a session of that account, for half an hour at most, with the own session of whoever acts
 * behind it. It isn't lengthened by renewals, and is over as soon as it couldn't begin any more.
 */
@Injectable()
export class Impersonations {
  constructor(
    private readonly accounts: AccessService,
    private readonly rights: Rights,
  ) {}

  /**
   * Begins a session of the account. @returns its tokens' parts
   *
   * @throws Fault `kit.not_found`, `access.not_to_be_impersonated`, `access.beyond_own_rights`,
   *   `access.beyond_own_departments`
   */
  async begin(ctx: Ctx, { accountId, reason }: Flat<typeof access.impersonate>) {
    const { sessionId: ownSessionId, name } = sessionOf(ctx);
    const sessionId = newId(ctx.now());
    const refreshToken = newToken(ctx.tenantId, sessionId);
    const until = new Date(ctx.now().getTime() + impersonationMs);
    const account = await this.accounts.account(ctx, accountId);
    if (accountId === ctx.actor.id || account.state !== "enabled") throw notToBeImpersonated();
    await ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx, accessImpersonate);
      await this.rights.demandOver(ctx, grantor, accountId, "accountId");
      const { source, agent } = ctx;
      await ctx.db
        .insertInto("access_session")
        .values({ id: sessionId, accountId, refreshHash: hashToken(refreshToken), expiresAt: until, source, agent })
        .execute();
      await ctx.db
        .insertInto("access_impersonation")
        .values({ sessionId, impersonatorId: ctx.actor.id, ownSessionId, reason, until })
        .execute();
      await ctx.emit(accountImpersonated, { accountId, sessionId, impersonatorName: name, reason });
      const thing = { kind: "access_account", id: accountId, title: account.displayName };
      await auditAct(ctx, { thing, details: { reason, until: until.toISOString(), impersonation: "begun" } });
    });
    return { accountId, sessionId, refreshToken, until };
  }

  /** Who acts by a session in another's name; undefined for an ordinary one. */
  async of(ctx: Ctx, sessionId: string): Promise<Impersonation | undefined> {
    const row = await ctx.db
      .selectFrom("access_impersonation as by")
      .innerJoin("access_account as account", "account.id", "by.impersonatorId")
      .select(["account.id", "account.displayName as name", "by.reason", "by.until", "by.ownSessionId"])
      .where("by.sessionId", "=", sessionId)
      .executeTakeFirst();
    return row;
  }

  /**
   * Whether it may go on: its time isn't over, whoever acts is still signed in and able to, and holds as much as the
   * account that they act in.
   */
  async holds(ctx: Ctx, { id, until, ownSessionId }: Impersonation, accountId: string): Promise<boolean> {
    if (until <= ctx.now()) return false;
    const own = await ctx.db
      .selectFrom("access_session")
      .select("id")
      .where("id", "=", ownSessionId)
      .where("endedAt", "is", null)
      .where("expiresAt", ">", ctx.now())
      .executeTakeFirst();
    if (own === undefined) return false;
    try {
      const grantor = await this.rights.grantor(ctx, id, accessImpersonate);
      await this.rights.demandOver(ctx, grantor, accountId, "accountId");
      return true;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }

  /** Ends it, with an entry that says whose it was. */
  async end(ctx: TxCtx, sessionId: string, accountId: string, { name: by }: Impersonation): Promise<void> {
    const ended = await endSessions(ctx, "impersonation_over", { sessionId });
    if (ended === 0) return;
    const thing = { kind: "access_account", id: accountId };
    await auditAct(ctx, { thing, details: { impersonation: "ended", by } });
  }

  /**
   * A new refresh token for the session that lies behind one; undefined where that has ended.
   *
   * @param expiresAt until when it lasts
   */
  async resume(
    ctx: TxCtx,
    { id: accountId, ownSessionId }: Pick<Impersonation, "id" | "ownSessionId">,
    expiresAt: Date,
  ) {
    const next = newToken(ctx.tenantId, ownSessionId);
    const row = await ctx.db
      .updateTable("access_session")
      .set({ refreshHash: hashToken(next), previousHash: null, renewedAt: ctx.now(), expiresAt })
      .where("id", "=", ownSessionId)
      .where("accountId", "=", accountId)
      .where("endedAt", "is", null)
      .where("expiresAt", ">", ctx.now())
      .returning("id")
      .executeTakeFirst();
    return row && { accountId, sessionId: ownSessionId, next, expiresAt };
  }
}
