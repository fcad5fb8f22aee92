import { Injectable } from "@nestjs/common";
import { conflict, sessionExpired } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out, Route } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Actor, Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import type { Authenticator, Caller, TokenSource } from "@zhanggui/kit/server/http/caller";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { type access } from "./access.contract.ts";
import { lockedOut, sessionCookie, sessionDays, sessionEnded, wrongCredentials } from "./sign-in.contract.ts";
import { AccessService } from "./access.service.ts";
import { endInvitation } from "./internal/end-invitation.ts";
import { FactorDemands } from "./factor-demand.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { assertStrong, hashPassword, verifyPassword } from "./internal/passwords.ts";
import * as tokens from "./session-tokens.ts";
import { type Impersonation, Impersonations } from "./impersonations.ts";
import { Rights } from "./rights.ts";
import { keptWhere, type SessionActor, sessionOf } from "./session-actor.ts";
import { renewSession, wasUsed } from "./session-renewal.ts";
import { SessionCookie } from "./session-cookie.ts";

const tables = { sessions: "access_session", used: "access_used_refresh" };
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
    private readonly cookie: SessionCookie,
    private readonly impersonations: Impersonations,
    private readonly demands: FactorDemands,
  ) {}

  /**
   * Starts a session of an account of the ctx's tenant.
   *
   * A session that begins while the password is changed or the account is disabled would escape the end of all its
   * sessions.
   *
   * @throws Fault `access.wrong_credentials` if that no longer holds
   */
  async start(ctx: Ctx, accountId: string, { passwordHash, peers = [], byProvider = false }: Beginning = {}) {
    const sessionId = newId(ctx.now());
    const refreshToken = tokens.newToken(ctx.tenantId, sessionId);
    const expiresAt = this.#refreshExpiry(ctx.now());
    const { source, agent } = ctx;
    await ctx.tx(async (ctx) => {
      await this.#demandUnchanged(ctx, accountId, passwordHash);
      await ctx.db
        .insertInto("access_session")
        .values({
          id: sessionId,
          accountId,
          refreshHash: tokens.hashToken(refreshToken),
          expiresAt,
          source,
          agent,
          byProvider,
        })
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
  async #demandUnchanged(ctx: TxCtx, accountId: string, passwordHash: string | undefined): Promise<void> {
    let query = ctx.db
      .selectFrom("access_account")
      .select("id")
      .where("id", "=", accountId)
      .where("disabled", "=", false);
    if (passwordHash !== undefined) query = query.where("passwordHash", "=", passwordHash);
    const account = await query.forShare().executeTakeFirst();
    if (account === undefined) throw wrongCredentials();
  }

  /**
   * Trades a refresh token for the next one; see `renewSession`.
   *
   * @throws Fault `access.session_ended`, `access.cookie_missing`
   */
  async refresh(visitor: Ctx, { refreshToken, cookies }: Flat<typeof access.refresh>) {
    if (refreshToken !== undefined) return { body: await this.#refreshed(visitor, refreshToken), cookies: {} };
    return this.cookie.kept(await this.#refreshed(visitor, this.cookie.demand(cookies).refreshToken));
  }

  async #refreshed(visitor: Ctx, refreshToken: string) {
    const named = tokens.readToken(refreshToken);
    if (named === undefined) throw sessionEnded();
    const { id } = named;
    const ctx = this.runtime.ctx(named.tenantId, { traceId: visitor.traceId });
    const renewed =
      (await ctx.tx((ctx) => this.#renew(ctx, id, refreshToken))) ??
      (await ctx.tx((ctx) => this.#ownAgain(ctx, id, tokens.hashToken(refreshToken))));
    if (renewed === undefined) {
      // Whoever holds it, both are out.
      if (await wasUsed(ctx, tables, id, refreshToken)) await this.#endReused(ctx, id);
      throw sessionEnded();
    }
    return this.#session(ctx, renewed.accountId, renewed.sessionId, renewed.next, renewed.expiresAt);
  }

  async #renew(ctx: TxCtx, sessionId: string, token: string) {
    const session = await ctx.db
      .selectFrom("access_session")
      .select("accountId")
      .where("id", "=", sessionId)
      .executeTakeFirst();
    if (session === undefined) return undefined;
    const { accountId } = session;
    const by = await this.impersonations.of(ctx, sessionId);
    if (by !== undefined && !(await this.impersonations.holds(ctx, by, accountId))) return undefined;
    // Whoever acts in another's name doesn't do so longer by asking for it.
    const expiresAt = by?.until ?? this.#refreshExpiry(ctx.now());
    const asked = { sessionId, token, expiresAt, secrets: this.runtime.env.JWT_SECRETS };
    const renewed = await renewSession(ctx, tables, asked);
    return renewed && { ...renewed, accountId, sessionId };
  }

  /** Whoever acted in another's name is in their own again, once that is over; only with a token that was theirs. */
  async #ownAgain(ctx: TxCtx, sessionId: string, hash: string) {
    const by = await this.impersonations.of(ctx, sessionId);
    if (by === undefined) return undefined;
    const session = await ctx.db
      .selectFrom("access_session")
      .select(["accountId", "refreshHash", "previousHash", "renewedAt", "endedAt"])
      .where("id", "=", sessionId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    // An answer may be lost, so both hold for a minute more; after that whoever brings one has copied it.
    const isOfNow = (since: Date | null): boolean =>
      ctx.now().getTime() <= (since?.getTime() ?? 0) + tokens.repeatSeconds * 1000;
    const isTheirs = hash === session.refreshHash || (hash === session.previousHash && isOfNow(session.renewedAt));
    if (!isTheirs || (session.endedAt !== null && !isOfNow(session.endedAt))) return undefined;
    await this.impersonations.end(ctx, sessionId, session.accountId, by);
    return this.impersonations.resume(ctx, by, this.#refreshExpiry(ctx.now()));
  }

  /** Who is signed in, and whether it is they themselves. */
  async me(ctx: Ctx): Promise<Out<typeof access.me>> {
    const { id, sessionId } = sessionOf(ctx);
    return this.#me(ctx, id, sessionId);
  }

  /** Of whoever acts in another's name nothing is due: they were asked for their own. */
  async #me(ctx: Ctx, accountId: string, sessionId: string) {
    const by = told(await this.impersonations.of(ctx, sessionId));
    return this.access.me(ctx, accountId, { by, due: by ? undefined : await this.demands.due(ctx, sessionId) });
  }

  /**
   * A session in somebody else's name; the own one goes on behind it.
   *
   * @throws Fault `kit.not_found`, `access.not_to_be_impersonated`, `access.beyond_own_rights`,
   *   `access.beyond_own_departments`
   */
  async impersonate(ctx: Ctx, given: Flat<typeof access.impersonate>) {
    const { accountId, sessionId, refreshToken, until } = await this.impersonations.begin(ctx, given);
    const session = await this.#session(ctx, accountId, sessionId, refreshToken, until);
    return keptWhere(ctx, given.keepIn) === "cookie" ? this.cookie.kept(session) : { body: session, cookies: {} };
  }

  /**
   * In one's own name again. An access token alone is worth no refresh token: whoever isn't in another's name gets none.
   *
   * @throws Fault `kit.conflict`
   */
  async endImpersonation(ctx: Ctx, { keepIn }: Flat<typeof access.endImpersonation>) {
    const { id: accountId, sessionId } = sessionOf(ctx);
    const by = await this.impersonations.of(ctx, sessionId);
    if (by === undefined) throw conflict();
    const own = await ctx.tx(async (ctx) => {
      await this.impersonations.end(ctx, sessionId, accountId, by);
      return this.impersonations.resume(ctx, by, this.#refreshExpiry(ctx.now()));
    });
    if (own === undefined) throw sessionExpired();
    const session = await this.#session(ctx, own.accountId, own.sessionId, own.next, own.expiresAt);
    return keptWhere(ctx, keepIn) === "cookie" ? this.cookie.kept(session) : { body: session, cookies: {} };
  }

  /** Also of the session behind it, for whoever acts in another's name. */
  async logout(ctx: Ctx) {
    const { sessionId } = sessionOf(ctx);
    const by = ctx.actor.impersonator && (await this.impersonations.of(ctx, sessionId));
    if (by !== undefined) await endSessions(ctx, "signed_out", { sessionId: by.ownSessionId });
    await endSessions(ctx, "signed_out", { sessionId });
    return { body: {}, cookies: { [sessionCookie]: null } };
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
    return tokens.isAccessToken(token) || tokens.isPageToken(token);
  }

  /** Reads the rights anew at each request: a disabled account or a changed role holds from the next call. */
  async authenticate(token: string, { cookies }: TokenSource): Promise<Caller> {
    const { clock, env } = this.runtime;
    const isPage = tokens.isPageToken(token);
    const accessToken = isPage ? this.cookie.read(cookies())?.accessToken : token;
    if (accessToken === undefined) throw sessionExpired();
    const subject = await tokens.readAccessToken(accessToken, clock.now(), env.JWT_SECRETS);
    // Somebody signed in from another tab since: what this one began isn't to be done in their name.
    if (isPage && !tokens.isPageTokenOf(subject.sessionId, token, env.JWT_SECRETS)) throw sessionExpired();
    const ctx = this.runtime.ctx(subject.tenantId);
    const row = await ctx.db
      .selectFrom("access_session")
      .innerJoin("access_account", "access_account.id", "access_session.accountId")
      .leftJoin("access_impersonation as by", "by.sessionId", "access_session.id")
      .select(["access_account.id", "access_account.displayName", "by.impersonatorId"])
      .where("access_session.id", "=", subject.sessionId)
      .where("access_session.endedAt", "is", null)
      .where("access_account.id", "=", subject.holderId)
      .where("access_account.disabled", "=", false)
      .executeTakeFirst();
    // Whoever brings it finds out at the renewal that there is none.
    if (row === undefined) throw sessionExpired();
    const { id, displayName: name } = row;
    const held = await this.rights.heldBy(ctx, id);
    const by = isPage ? ({ isPage: true } as const) : {};
    const own = { kind: "account", id, name, ...held, sessionId: subject.sessionId, ...by } as const;
    const caller = { tenantId: subject.tenantId, keyId: subject.sessionId };
    if (row.impersonatorId !== null)
      return { ...caller, actor: { ...own, ...(await this.#impersonator(ctx, own)) } satisfies SessionActor };
    const heldBack = await this.demands.refusal(ctx, subject.sessionId, held.permissions);
    return { ...caller, actor: own satisfies SessionActor, ...(heldBack && { heldBack }) };
  }

  /** Asked at each request, as everybody's rights are. @throws Fault `kit.session_expired` once it may not go on */
  async #impersonator(ctx: Ctx, { id, sessionId }: SessionActor) {
    const by = await this.impersonations.of(ctx, sessionId);
    if (by === undefined || !(await this.impersonations.holds(ctx, by, id))) throw sessionExpired();
    // In their own name they would be held back.
    if ((await this.demands.refusal(ctx, by.ownSessionId)) !== undefined) throw sessionExpired();
    return { impersonator: { id: by.id, name: by.name } };
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

  /** A token that was used before was copied by somebody. */
  async #endReused(ctx: Ctx, sessionId: string): Promise<void> {
    ctx.log.warn({ sessionId }, "a used refresh token came again; the session is ended");
    await endSessions(ctx, "refresh_token_reused", { sessionId });
  }

  async #session(ctx: Ctx, accountId: string, sessionId: string, refreshToken: string, refreshExpiresAt: Date) {
    const subject = { holderId: accountId, sessionId, tenantId: ctx.tenantId };
    const access = await tokens.signAccessToken(subject, ctx.now(), this.runtime.env.JWT_SECRETS);
    return {
      accessToken: access.token,
      accessExpiresAt: access.expiresAt,
      refreshToken,
      refreshExpiresAt,
      me: await this.#me(ctx, accountId, sessionId),
    };
  }

  /** A ctx of whoever just proved who they are, by a call of `act`. */
  as(tenantId: string, accountId: string, { traceId, source, agent }: Ctx, act: Route): Ctx {
    const actor: Actor = { kind: "account", id: accountId, name: accountId, permissions: new Set() };
    return this.runtime.ctx(tenantId, { actor, traceId, source, agent, act: act.id });
  }

  #refreshExpiry(now: Date): Date {
    return new Date(now.getTime() + sessionDays * dayMs);
  }
}

/** How somebody comes to a session. */
interface Beginning {
  /** What the account's password was verified against; left out by whoever asked for none. */
  readonly passwordHash?: string;
  /** Accounts of other tenants that whoever begins it has proven to be theirs. */
  readonly peers?: readonly Peer[];
  /** A provider has asked who it is. */
  readonly byProvider?: boolean;
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

function told(by: Impersonation | undefined) {
  return by && { name: by.name, reason: by.reason, until: by.until.toISOString() };
}
