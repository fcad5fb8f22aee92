import { Injectable } from "@nestjs/common";
import { sessionExpired } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Route } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Actor, Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Authenticator, Caller } from "@zhanggui/kit/server/http/caller";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { type access } from "./access.contract.ts";
import { sessionEnded, lockedOut, wrongCredentials } from "./sign-in.contract.ts";
import { AccessService } from "./access.service.ts";
import { endInvitation } from "./internal/end-invitation.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { assertStrong, hashPassword, verifyPassword } from "./internal/passwords.ts";
import * as tokens from "./internal/tokens.ts";
import { Rights } from "./rights.ts";

const prunedAtOnce = 1000;
const dayMs = 86_400_000;

/** A session's beginning, renewal and end, and the check of every request's token. */
@Injectable()
export class Sessions implements Authenticator {
  constructor(
    private readonly runtime: Runtime,
    private readonly access: AccessService,
    private readonly rights: Rights,
    private readonly attempts: LoginAttempts,
  ) {}

  /**
   * Starts a session of an account of the ctx's tenant.
   *
   * @param passwordHash what the account's password was verified against: a session that begins while the password is
   *   changed or the account is disabled would escape the end of all its sessions
   * @param peers accounts of other tenants that whoever begins it has proven to be theirs
   * @throws Fault `access.wrong_credentials` if that no longer holds
   */
  async start(ctx: Ctx, accountId: string, passwordHash?: string, peers: readonly Peer[] = []) {
    const sessionId = newId(ctx.now());
    const refreshToken = tokens.newToken(ctx.tenantId, sessionId);
    const expiresAt = this.#refreshExpiry(ctx.now());
    await ctx.tx(async (ctx) => {
      if (passwordHash !== undefined) await this.#demandUnchanged(ctx, accountId, passwordHash);
      await ctx.db
        .insertInto("access_session")
        .values({ id: sessionId, accountId, refreshHash: tokens.hashToken(refreshToken), expiresAt })
        .execute();
      await this.keepPeers(ctx, sessionId, peers);
    });
    const deviceToken = await tokens.signDeviceToken(accountId, ctx.now(), this.runtime.env.JWT_SECRETS);
    const session = await this.#session(ctx, accountId, sessionId, refreshToken, expiresAt);
    const thing = { kind: "access_account", id: accountId, title: session.me.account.displayName };
    await auditAct(ctx, { kind: "signed_in", thing });
    return { ...session, deviceToken };
  }

  async keepPeers(ctx: TxCtx, sessionId: string, peers: readonly Peer[]): Promise<void> {
    if (peers.length === 0) return;
    const rows = peers.map(({ tenantId, accountId, proof }) => {
      return { sessionId, peerTenantId: tenantId, peerAccountId: accountId, proof };
    });
    await ctx.db
      .insertInto("access_session_peer")
      .values(rows)
      .onConflict((on) =>
        on.columns(["tenantId", "sessionId", "peerTenantId"]).doUpdateSet(({ ref }) => ({
          peerAccountId: ref("excluded.peerAccountId"),
          proof: ref("excluded.proof"),
        })),
      )
      .execute();
  }

  /** Holds the account as it is until the transaction ends. */
  async #demandUnchanged(ctx: TxCtx, accountId: string, passwordHash: string): Promise<void> {
    const account = await ctx.db
      .selectFrom("access_account")
      .select("id")
      .where("id", "=", accountId)
      .where("passwordHash", "=", passwordHash)
      .where("disabled", "=", false)
      .forShare()
      .executeTakeFirst();
    if (account === undefined) throw wrongCredentials();
  }

  /**
   * Trades a refresh token for the next one. The answer may be lost, or two may ask at once: for a minute the same
   * token gets the same next one.
   *
   * @throws Fault `access.session_ended`
   */
  async refresh(visitor: Ctx, { refreshToken }: Flat<typeof access.refresh>) {
    const named = tokens.readToken(refreshToken);
    if (named === undefined) throw sessionEnded();
    const { id: sessionId } = named;
    const ctx = this.runtime.ctx(named.tenantId, { traceId: visitor.traceId });
    const renewed = await ctx.tx((ctx) => this.#renew(ctx, sessionId, refreshToken));
    if (renewed === undefined) {
      await this.#endIfReused(ctx, sessionId, tokens.hashToken(refreshToken));
      throw sessionEnded();
    }
    return this.#session(ctx, renewed.accountId, sessionId, renewed.next, renewed.expiresAt);
  }

  async #renew(ctx: TxCtx, sessionId: string, token: string) {
    const session = await ctx.db
      .selectFrom("access_session")
      .select(["accountId", "refreshHash", "previousHash", "renewedAt", "expiresAt"])
      .where("id", "=", sessionId)
      .where("endedAt", "is", null)
      .where("expiresAt", ">", ctx.now())
      .forUpdate()
      .executeTakeFirst();
    if (session === undefined) return undefined;
    const { accountId, refreshHash, previousHash, renewedAt } = session;
    const hash = tokens.hashToken(token);
    const nexts = this.runtime.env.JWT_SECRETS.map((secret) => tokens.successorOf(token, secret));
    if (hash === refreshHash) {
      const [next = ""] = nexts;
      const expiresAt = this.#refreshExpiry(ctx.now());
      const values = { refreshHash: tokens.hashToken(next), previousHash: hash, renewedAt: ctx.now(), expiresAt };
      await ctx.db.updateTable("access_session").set(values).where("id", "=", sessionId).execute();
      await ctx.db.insertInto("access_used_refresh").values({ sessionId, refreshHash: hash }).execute();
      return { accountId, next, expiresAt };
    }
    const repeatableUntil = (renewedAt?.getTime() ?? 0) + tokens.repeatSeconds * 1000;
    if (hash !== previousHash || ctx.now().getTime() > repeatableUntil) return undefined;
    // The key may have been changed in between: whichever it was that the next one was made with.
    const next = nexts.find((each) => tokens.hashToken(each) === refreshHash);
    return next === undefined ? undefined : { accountId, next, expiresAt: session.expiresAt };
  }

  async logout(ctx: Ctx): Promise<void> {
    const { sessionId } = sessionOf(ctx);
    await endSessions(ctx, "signed_out", { sessionId });
  }

  /**
   * @throws Fault `access.wrong_credentials` if the current one is wrong, `access.weak_password`, `access.locked_out`
   */
  async changePassword(ctx: Ctx, change: Flat<typeof access.changePassword>): Promise<void> {
    const { currentPassword: current, newPassword: next } = change;
    const { sessionId } = sessionOf(ctx);
    const account = await this.demandOwnPassword(ctx, current);
    assertStrong(next, account.login);
    const passwordHash = await hashPassword(next);
    await ctx.tx(async (ctx) => {
      const changed = await ctx.db
        .updateTable("access_account")
        .set({ passwordHash })
        .where("id", "=", account.id)
        // Not over a password that somebody was given meanwhile.
        .where("passwordHash", "=", account.passwordHash)
        .returning("id")
        .executeTakeFirst();
      if (changed === undefined) throw wrongCredentials();
      await endSessions(ctx, "password_changed", { accountId: account.id, except: sessionId });
      await endInvitation(ctx, account.id);
    });
  }

  /**
   * The caller's account, if that is its password.
   *
   * @throws Fault `access.wrong_credentials`, `access.locked_out`
   */
  async demandOwnPassword(ctx: Ctx, password: string) {
    const account = await ctx.db
      .selectFrom("access_account")
      .select(["id", "login", "passwordHash"])
      .where("id", "=", ctx.actor.id)
      .executeTakeFirstOrThrow();
    const source = "change of password";
    const wait = await this.attempts.waitOfKnown(account.id, source);
    if (wait > 0) throw lockedOut({ seconds: wait });
    if (!(await verifyPassword(account.passwordHash, password))) throw wrongCredentials();
    await this.attempts.forgiveKnown(account.id, source);
    return account;
  }

  knows(token: string): boolean {
    return tokens.isAccessToken(token);
  }

  /** Reads the rights anew at each request: a disabled account or a changed role holds from the next call. */
  async authenticate(accessToken: string): Promise<Caller> {
    const subject = await tokens.readAccessToken(accessToken, this.runtime.clock.now(), this.runtime.env.JWT_SECRETS);
    const ctx = this.runtime.ctx(subject.tenantId);
    const row = await ctx.db
      .selectFrom("access_session")
      .innerJoin("access_account", "access_account.id", "access_session.accountId")
      .select(["access_account.id", "access_account.displayName"])
      .where("access_session.id", "=", subject.sessionId)
      .where("access_session.endedAt", "is", null)
      .where("access_account.id", "=", subject.accountId)
      .where("access_account.disabled", "=", false)
      .executeTakeFirst();
    // Whoever brings it finds out at the renewal that there is none.
    if (row === undefined) throw sessionExpired();
    const { id, displayName: name } = row;
    const held = await this.rights.heldBy(ctx, id);
    const actor: SessionActor = { kind: "account", id, name, ...held, sessionId: subject.sessionId };
    return { tenantId: subject.tenantId, actor, keyId: subject.sessionId };
  }

  async prune(): Promise<void> {
    await this.attempts.prune();
    // A month after its end nobody asks any more how a session ended.
    const old = new Date(this.runtime.clock.now().getTime() - 30 * dayMs);
    // In batches: of many sessions and their tokens one statement would take longer than a statement may.
    for (let gone = prunedAtOnce; gone === prunedAtOnce;) {
      const rows = await this.runtime.ownerTransaction((trx) =>
        trx.query(
          `WITH old AS MATERIALIZED (
             SELECT tenant_id, id FROM access_session WHERE ended_at < $1 OR expires_at < $1 LIMIT ${prunedAtOnce}
           ), used AS (
             DELETE FROM access_used_refresh WHERE (tenant_id, session_id) IN (SELECT tenant_id, id FROM old)
           )
           DELETE FROM access_session WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM old) RETURNING id`,
          [old],
        ),
      );
      gone = rows.length;
    }
  }

  /** A token that was used before was copied by somebody. Whoever holds it, both are out. */
  async #endIfReused(ctx: Ctx, sessionId: string, hash: string): Promise<void> {
    const used = await ctx.db
      .selectFrom("access_used_refresh")
      .select("sessionId")
      .where("sessionId", "=", sessionId)
      .where("refreshHash", "=", hash)
      .executeTakeFirst();
    if (used === undefined) return;
    ctx.log.warn({ sessionId }, "a used refresh token came again; the session is ended");
    await endSessions(ctx, "refresh_token_reused", { sessionId });
  }

  async #session(ctx: Ctx, accountId: string, sessionId: string, refreshToken: string, refreshExpiresAt: Date) {
    const subject = { accountId, sessionId, tenantId: ctx.tenantId };
    const access = await tokens.signAccessToken(subject, ctx.now(), this.runtime.env.JWT_SECRETS);
    return {
      accessToken: access.token,
      accessExpiresAt: access.expiresAt,
      refreshToken,
      refreshExpiresAt,
      me: await this.access.me(ctx, accountId),
    };
  }

  /** A ctx of whoever just proved who they are, by a call of `act`. */
  as(tenantId: string, accountId: string, { traceId, source }: Ctx, act: Route): Ctx {
    const actor: Actor = { kind: "account", id: accountId, name: accountId, permissions: new Set() };
    return this.runtime.ctx(tenantId, { actor, traceId, source, act: act.id });
  }

  #refreshExpiry(now: Date): Date {
    return new Date(now.getTime() + tokens.refreshTokenDays * dayMs);
  }
}

/** An account of another tenant that somebody's password opened, and what that password was. */
export interface Peer {
  readonly tenantId: string;
  readonly accountId: string;
  readonly proof: string;
}

export function peerOf({ tenantId, id, passwordHash }: { tenantId: string; id: string; passwordHash: string }): Peer {
  return { tenantId, accountId: id, proof: tokens.hashToken(passwordHash) };
}

interface SessionActor extends Actor {
  readonly kind: "account";
  readonly sessionId: string;
}

export function sessionOf(ctx: Ctx): SessionActor {
  const actor = ctx.actor;
  if (actor.kind !== "account" || !("sessionId" in actor)) throw new Error("this needs a session");
  return actor as SessionActor;
}
