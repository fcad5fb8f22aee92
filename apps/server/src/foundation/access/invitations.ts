import { Injectable } from "@nestjs/common";
import { Fault } from "@zhanggui/kit/contract/fault";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { access } from "./access.contract.ts";
import { invitationOver, ownPassword, providerNeeded } from "./sign-in.contract.ts";
import { accessInvitationAccepted } from "./access.events.ts";
import { AccessService } from "./access.service.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { assertStrong, hashPassword } from "./internal/passwords.ts";
import * as tokens from "./session-tokens.ts";
import { Rights } from "./rights.ts";
import { SecondFactors } from "./second-factors.ts";
import { Sessions } from "./sessions.ts";
import { SignIn } from "./sign-in.ts";
import { Tenants } from "./tenants.ts";

interface FirstInvited {
  readonly login: string;
  readonly ownerName: string;
  readonly invitation: InvitationView;
}
type InvitationView = Out<typeof access.inviteAccount>;
/** Long enough for a weekend, short enough for a link that lies about in a chat. */
const validDays = 3;
const dayMs = 86_400_000;

/** Links by which somebody chooses their password: a first one, or one in place of a forgotten one. */
@Injectable()
export class Invitations {
  constructor(
    private readonly access: AccessService,
    private readonly sessions: Sessions,
    private readonly attempts: LoginAttempts,
    private readonly tenants: Tenants,
    private readonly rights: Rights,
    private readonly factors: SecondFactors,
    private readonly signIn: SignIn,
  ) {}

  /** An account with the password that is given, or else one that its invitation leads to. */
  async createAccount(ctx: Ctx, given: Flat<typeof access.createAccount>): Promise<Out<typeof access.createAccount>> {
    return ctx.tx(async (ctx) => {
      const { id } = await this.access.createAccount(ctx, given);
      const invitation = given.password === undefined ? await this.#issue(ctx, id) : null;
      return { ...(await this.access.account(ctx, id)), invitation };
    });
  }

  /**
   * The password that holds stays until the link is followed: a link that was sent by mistake locks nobody out.
   *
   * @throws Fault `access.own_password`; `access.beyond_own_rights` for an account that holds more than whoever invites
   */
  async invite(ctx: Ctx, { accountId }: Flat<typeof access.inviteAccount>): Promise<InvitationView> {
    if (accountId === ctx.actor.id) throw ownPassword();
    return ctx.tx(async (ctx) => {
      await this.access.demandMayChange(ctx, accountId);
      return this.#issue(ctx, accountId);
    });
  }

  /** Whether a tenant's first account waits for its password, and nobody else can sign in. @param ctx in that tenant */
  async awaitsFirst(ctx: Ctx): Promise<boolean> {
    return (await this.#first(ctx)) !== undefined;
  }

  /**
   * Another link for the first account of a tenant that nobody can sign in to yet; undefined where somebody can.
   *
   * @param ctx of the system, in that tenant
   */
  async inviteFirst(ctx: Ctx): Promise<FirstInvited | undefined> {
    return ctx.tx(async (ctx) => {
      await ctx.lock("access.rights", "");
      const first = await this.#first(ctx);
      if (first === undefined) return undefined;
      const { id, login, displayName } = first;
      return { login, ownerName: displayName, invitation: await this.#issue(ctx, id) };
    });
  }

  async #first(ctx: Ctx) {
    const accounts = await ctx.db
      .selectFrom("access_account")
      .select(["id", "login", "displayName", "state"])
      .orderBy("createdAt")
      .orderBy("id")
      .limit(100)
      .execute();
    const [first] = accounts;
    return first?.state !== "invited" || accounts.some(({ state }) => state === "enabled") ? undefined : first;
  }

  async #issue(ctx: TxCtx, accountId: string): Promise<InvitationView> {
    const token = tokens.newToken(ctx.tenantId, accountId);
    const expiresAt = new Date(ctx.now().getTime() + validDays * dayMs);
    const issuedBy = ctx.actor.kind === "account" ? ctx.actor.id : null;
    const values = { tokenHash: tokens.hashToken(token), expiresAt, createdAt: ctx.now(), issuedBy };
    await ctx.db
      .insertInto("access_invitation")
      .values({ accountId, ...values })
      .onConflict((on) => on.columns(["tenantId", "accountId"]).doUpdateSet(values))
      .execute();
    return { token, expiresAt };
  }

  /** @throws Fault `access.invitation_over` */
  async read(visitor: Ctx, { token }: Flat<typeof access.readInvitation>) {
    const { ctx, issuedBy, ...invited } = await this.#find(visitor, token);
    await this.#demandGood(ctx, invited.id, issuedBy);
    return { ...invited, tenantName: (await this.tenants.get(ctx.tenantId)).name };
  }

  /**
   * Of two who follow one link at once, one gets in.
   *
   * @throws Fault `access.invitation_over`, `access.weak_password`; `access.code_needed`, `access.wrong_code`;
   *   `access.provider_needed` for an account that signs in by a provider alone
   */
  async accept(visitor: Ctx, { token, password, code }: Flat<typeof access.acceptInvitation>) {
    const { ctx, id, login, displayName, issuedBy } = await this.#find(visitor, token);
    // Where a password opens nothing, choosing one opens nothing either.
    if (!(await this.signIn.takesPassword({ tenantId: ctx.tenantId, id }))) throw providerNeeded();
    assertStrong(password, login);
    await this.factors.demand(ctx, id, { code, source: visitor.source, device: undefined });
    const passwordHash = await hashPassword(password);
    await ctx.tx(async (ctx) => {
      await ctx.lock("access.rights", "");
      await this.#demandGood(ctx, id, issuedBy);
      await ctx.db
        .deleteFrom("access_invitation")
        .where("accountId", "=", id)
        .where("tokenHash", "=", tokens.hashToken(token))
        .returning("accountId")
        .executeTakeFirstOrThrow(() => invitationOver());
      const account = ctx.db
        .updateTable("access_account")
        .set({ passwordHash, hasPassword: true })
        .where("id", "=", id);
      await account
        .where("disabled", "=", false)
        .returning("id")
        .executeTakeFirstOrThrow(() => invitationOver());
      await endSessions(ctx, "password_given", { accountId: id });
      await ctx.emit(accessInvitationAccepted, { accountId: id, accountName: displayName, issuedBy });
    });
    await this.attempts.unlock(ctx.tenantId, { id, login });
    return this.sessions.start(ctx, id, { passwordHash });
  }

  /**
   * Whoever made a link knows it. An account that was given more since, or whose inviter was dismissed, isn't theirs to
   * take over by it.
   */
  async #demandGood(ctx: Ctx, accountId: string, issuedBy: string | null): Promise<void> {
    if (issuedBy === null) return;
    try {
      const issuer = await this.rights.grantor(ctx, issuedBy);
      await this.rights.demandOver(ctx, issuer, accountId, "token");
    } catch (error) {
      throw error instanceof Fault ? invitationOver({}, { cause: error }) : error;
    }
  }

  async #find(visitor: Ctx, token: string) {
    const named = tokens.readToken(token);
    if (named === undefined) throw invitationOver();
    const ctx = this.sessions.as(named.tenantId, named.id, visitor, access.acceptInvitation);
    const found = await ctx.db
      .selectFrom("access_invitation")
      .innerJoin("access_account", "access_account.id", "access_invitation.accountId")
      .select(["access_account.id", "displayName", "login", "access_invitation.expiresAt", "issuedBy"])
      .where("access_account.id", "=", named.id)
      .where("access_account.disabled", "=", false)
      .where("access_invitation.tokenHash", "=", tokens.hashToken(token))
      .where("access_invitation.expiresAt", ">", ctx.now())
      .executeTakeFirstOrThrow(() => invitationOver());
    return { ctx, ...found };
  }
}
