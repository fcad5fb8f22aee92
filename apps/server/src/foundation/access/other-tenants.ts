import { Injectable } from "@nestjs/common";
import { notFound, sessionExpired } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { access } from "./access.contract.ts";
import { wrongCredentials } from "./sign-in.contract.ts";
import { hashToken, repeatSeconds } from "./session-tokens.ts";
import { sessionOf } from "./session-actor.ts";
import { type Peer, peerOf, Sessions } from "./sessions.ts";
import { SignIn } from "./sign-in.ts";
import { Tenants } from "./tenants.ts";

type TenantView = Out<typeof access.listOtherTenants>["items"][number];
interface Proven extends Peer {
  readonly passwordHash: string;
}

/**
 * The other businesses of whoever is signed in.
 *
 * A login is each tenant's own: anybody may name an account of theirs like somebody else's. So the same login alone
 * makes nobody the same person; only its password does, typed into this session's sign-in or since. What it opened then
 * stays open to this session, until that password is changed or that account switched off.
 */
@Injectable()
export class OtherTenants {
  constructor(
    private readonly runtime: Runtime,
    private readonly sessions: Sessions,
    private readonly signIn: SignIn,
    private readonly tenants: Tenants,
  ) {}

  async list(ctx: Ctx): Promise<TenantView[]> {
    const proven = await this.#proven(ctx);
    const tenants = await Promise.all(proven.map(({ tenantId }) => this.tenants.get(tenantId)));
    return tenants.map(({ id, name }) => ({ id, name })).toSorted((a, b) => a.name.localeCompare(b.name, "zh"));
  }

  /**
   * Opens what a password opens besides, to this session.
   *
   * @throws Fault `access.wrong_credentials` if that is nothing; what sign-in refuses guesses with
   */
  async prove(ctx: Ctx, { password }: Flat<typeof access.proveTenant>): Promise<TenantView[]> {
    const { login } = await ctx.db
      .selectFrom("access_account")
      .select("login")
      .where("id", "=", ctx.actor.id)
      .executeTakeFirstOrThrow();
    const fits = await this.signIn.others(ctx, { login, password }, ctx.actor.id);
    if (fits.length === 0) throw wrongCredentials({ errors: [{ field: "password" }] });
    const { sessionId } = sessionOf(ctx);
    await ctx.tx((ctx) => this.sessions.keepPeers(ctx, sessionId, fits.map(peerOf)));
    return this.list(ctx);
  }

  /**
   * A session of another business in place of this one, which isn't renewed any more: other tabs may end what they
   * are at.
   *
   * @throws Fault `kit.session_expired` for a session that has ended, or was traded a while ago; `kit.not_found` for a
   *   tenant that it hasn't proven, or that isn't theirs any more
   */
  async switch(ctx: Ctx, { tenantId }: Flat<typeof access.switchTenant>) {
    const proven = await this.#proven(ctx);
    const chosen = proven.find((each) => each.tenantId === tenantId);
    if (chosen === undefined) throw notFound();
    const here = await this.#here(ctx);
    const peers = [peerOf(here), ...proven.filter((each) => each !== chosen)];
    const as = this.sessions.as(tenantId, chosen.accountId, ctx, access.switchTenant);
    const session = await this.sessions.start(as, chosen.accountId, { passwordHash: chosen.passwordHash, peers });
    await ctx.db
      .updateTable("access_session")
      .set({ expiresAt: ctx.now() })
      .where("id", "=", sessionOf(ctx).sessionId)
      .where("expiresAt", ">", ctx.now())
      .execute();
    return session;
  }

  /**
   * The account of the session, in one look with whether it still goes on. It did when the call began; but a body can
   * take its time, and what is made here lasts: a password that ended the session meanwhile would be proven by it. For
   * a minute a session may be traded again, as it may be renewed again: the answer may be lost.
   */
  async #here(ctx: Ctx) {
    const account = await ctx.db
      .selectFrom("access_session")
      .innerJoin("access_account", "access_account.id", "access_session.accountId")
      .select(["access_account.tenantId", "access_account.id", "passwordHash"])
      .where("access_session.id", "=", sessionOf(ctx).sessionId)
      .where("endedAt", "is", null)
      .where("expiresAt", ">", new Date(ctx.now().getTime() - repeatSeconds * 1000))
      .where("access_account.disabled", "=", false)
      .executeTakeFirst();
    if (account === undefined) throw sessionExpired();
    return account;
  }

  /** Those whose proof still holds; each is looked up as its own tenant. */
  async #proven(ctx: Ctx): Promise<Proven[]> {
    const rows = await ctx.db
      .selectFrom("access_session_peer")
      .select(["peerTenantId", "peerAccountId", "proof"])
      .where("sessionId", "=", sessionOf(ctx).sessionId)
      .execute();
    const { login } = await ctx.db
      .selectFrom("access_account")
      .select("login")
      .where("id", "=", ctx.actor.id)
      .executeTakeFirstOrThrow();
    const found = await Promise.all(
      rows.map(async ({ peerTenantId: tenantId, peerAccountId: accountId, proof }) => {
        const account = await this.runtime
          .ctx(tenantId, { traceId: ctx.traceId })
          .db.selectFrom("access_account")
          .select("passwordHash")
          .where("id", "=", accountId)
          .where("login", "=", login)
          .where("state", "=", "enabled")
          .executeTakeFirst();
        if (account === undefined || hashToken(account.passwordHash) !== proof) return [];
        return [{ tenantId, accountId, proof, passwordHash: account.passwordHash }];
      }),
    );
    const fits = found.flat();
    // One that was given a second factor since, or signs in by a provider, is opened by signing in to it.
    return this.signIn.byPasswordAlone(fits.map((each) => ({ ...each, id: each.accountId })));
  }
}
