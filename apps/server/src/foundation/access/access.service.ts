import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { extensionPoint, Extensions } from "@zhanggui/kit/server/extensions";
import { listOf } from "@zhanggui/kit/server/list";
import { PlanLimits } from "@zhanggui/kit/server/plan-limits";
import { searchFew } from "@zhanggui/kit/server/search";
import { access, lastOwner, loginTaken } from "./access.contract.ts";
import { accountsLimit } from "./access.limits.ts";
import { ownPassword } from "./sign-in.contract.ts";
import { roleFixed, roleInUse, roleNameTaken } from "./roles.contract.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { endInvitation } from "./internal/end-invitation.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { assertStrong, hashPassword, unknownPassword } from "./internal/passwords.ts";
import type { Due } from "./factor-demand.ts";
import { Departments } from "./departments.ts";
import { type GrantingRole, type Grantor, Rights } from "./rights.ts";
import { Tenants } from "./tenants.ts";

type NewAccount = Flat<typeof access.createAccount>;
type AccountView = Out<typeof access.updateAccount>;
type RoleView = Out<typeof access.createRole>;
type MeView = Out<typeof access.me>;

/** For modules whose programs call in a name of their own: what some of these ids are called now. */
export type ActorNames = (ctx: Ctx, ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
export const actorNames = extensionPoint<ActorNames>("access.actor_names");

/** Accounts and roles of a tenant. */
@Injectable()
export class AccessService {
  constructor(
    private readonly tenants: Tenants,
    private readonly rights: Rights,
    private readonly departments: Departments,
    private readonly attempts: LoginAttempts,
    private readonly extensions: Extensions,
    private readonly limits: PlanLimits,
  ) {}

  /** @param by who acts in the account's name, if it isn't its own */
  async me(
    ctx: Ctx,
    accountId: string,
    { by, due }: { by: NonNullable<MeView["impersonation"]> | undefined; due: Due | undefined },
  ): Promise<MeView> {
    const [tenant, terms, account, permissions] = await Promise.all([
      this.tenants.get(ctx.tenantId),
      this.tenants.terms(ctx),
      this.account(ctx, accountId),
      this.rights.ofAccount(ctx, accountId),
    ]);
    const impersonation = by === undefined ? null : { name: by.name, reason: by.reason, until: by.until };
    const factorDue = due === undefined ? null : { from: due.from.toISOString(), isOver: due.isOver };
    return { tenant, terms, account, permissions, impersonation, factorDue };
  }

  listAccounts(ctx: Ctx, query: Flat<typeof access.listAccounts>): Promise<Out<typeof access.listAccounts>> {
    const accounts = ctx.db
      .selectFrom("access_account")
      .select(["id", "login", "displayName", "disabled", "state", "createdAt"]);
    return listOf(ctx, access.listAccounts, query, accounts, {
      // A business has few accounts: no index of their parts is needed.
      search: (part) => searchFew(ctx, "access_account", ["displayName", "login"], part),
      filters: {
        roleId: ({ exists, selectFrom }, roleId) =>
          exists(
            selectFrom("access_account_role")
              .select("access_account_role.accountId")
              .whereRef("access_account_role.accountId", "=", "item.id")
              .where("access_account_role.roleId", "=", roleId),
          ),
        secondFactor: ({ exists, not, selectFrom }, wanted) => {
          const on = exists(
            selectFrom("access_second_factor")
              .select("access_second_factor.accountId")
              .whereRef("access_second_factor.accountId", "=", "item.id")
              .where("access_second_factor.confirmedAt", "is not", null),
          );
          return wanted === "on" ? on : not(on);
        },
        departmentId: ({ exists, selectFrom }, departmentId) =>
          exists(
            selectFrom("access_department_member")
              .select("access_department_member.accountId")
              .whereRef("access_department_member.accountId", "=", "item.id")
              .where("access_department_member.departmentId", "=", departmentId),
          ),
      },
      present: (rows) => this.#shown(ctx, rows),
    });
  }

  /** With their roles, their departments and what invites them. */
  async #shown<Row extends { readonly id: string }>(ctx: Ctx, accounts: readonly Row[]) {
    const ids = accounts.map(({ id }) => id);
    if (ids.length === 0) return [];
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select(["access_account_role.accountId", "access_role.id", "access_role.name", "access_role.builtIn"])
      .where("access_account_role.accountId", "in", ids)
      .orderBy("access_role.name")
      .execute();
    const invited = await ctx.db
      .selectFrom("access_invitation")
      .select(["accountId", "expiresAt"])
      .where("accountId", "in", ids)
      .where("expiresAt", ">", ctx.now())
      .execute();
    const departments = await this.departments.ofAccounts(ctx, ids);
    const factors = await ctx.db
      .selectFrom("access_second_factor")
      .select("accountId")
      .where("accountId", "in", ids)
      .where("confirmedAt", "is not", null)
      .execute();
    return accounts.map((account) => ({
      ...account,
      hasSecondFactor: factors.some(({ accountId }) => accountId === account.id),
      departments: departments.filter(({ accountId }) => accountId === account.id),
      roles: roles.filter(({ accountId }) => accountId === account.id),
      invitedUntil: invited.find(({ accountId }) => accountId === account.id)?.expiresAt ?? null,
    }));
  }

  /** @throws Fault `kit.not_found` */
  async account(ctx: Ctx, accountId: string): Promise<AccountView> {
    const rows = await ctx.db
      .selectFrom("access_account")
      .select(["id", "login", "displayName", "disabled", "state", "createdAt"])
      .where("id", "=", accountId)
      .execute();
    const [account] = await this.#shown(ctx, rows);
    if (account === undefined) throw notFound();
    return account;
  }

  /**
   * Without a password nobody can sign in to it, until somebody is given one or follows an invitation.
   *
   * @throws Fault `access.login_taken`, `access.weak_password`, `access.beyond_own_rights`, `kit.limit_reached`;
   *   `kit.not_found` for a role that isn't there or is another tenant's
   */
  async createAccount(ctx: Ctx, given: NewAccount): Promise<AccountView> {
    const { login, displayName, password, roleIds, departmentIds = [] } = given;
    if (password !== undefined) assertStrong(password, login);
    const passwordHash = await hashPassword(password ?? unknownPassword());
    return ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx);
      // In none of theirs it would be nobody's whom they may change.
      if (departmentIds.length === 0) grantor.demandDepartments(undefined, "departmentIds");
      await this.limits.demand(ctx, accountsLimit);
      const inserted = await ctx.db
        .insertInto("access_account")
        .values({ login, displayName, passwordHash, hasPassword: password !== undefined })
        .onConflict((on) => on.doNothing())
        .returning("id")
        .executeTakeFirstOrThrow(() => loginTaken({ login, errors: [{ field: "login" }] }));
      await this.#setRoles(ctx, grantor, inserted.id, roleIds);
      await this.departments.setOf(ctx, grantor, inserted.id, departmentIds);
      return this.account(ctx, inserted.id);
    });
  }

  /**
   * @throws Fault `access.last_owner` if nobody with every right could sign in afterwards, `access.beyond_own_rights` if
   *   the account holds more than whoever changes it, before or afterwards
   */
  async updateAccount(ctx: Ctx, change: Flat<typeof access.updateAccount>): Promise<AccountView> {
    const { accountId, displayName, roleIds, departmentIds, disabled, password } = change;
    const passwordHash = password === undefined ? undefined : await this.#newPassword(ctx, accountId, password);
    const values = { displayName, disabled, passwordHash, hasPassword: passwordHash === undefined ? undefined : true };
    return ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx);
      await this.#demandOver(ctx, grantor, accountId);
      if (disabled === false && (await this.account(ctx, accountId)).disabled)
        await this.limits.demand(ctx, accountsLimit);
      if (Object.values(values).some((value) => value !== undefined)) {
        await ctx.db.updateTable("access_account").set(values).where("id", "=", accountId).execute();
      }
      if (roleIds !== undefined) await this.#setRoles(ctx, grantor, accountId, roleIds);
      if (departmentIds !== undefined) await this.departments.setOf(ctx, grantor, accountId, departmentIds);
      if (disabled === true) await endSessions(ctx, "account_disabled", { accountId });
      else if (password !== undefined) await endSessions(ctx, "password_given", { accountId });
      if (disabled === true || password !== undefined) await endInvitation(ctx, accountId);
      await this.#demandOwner(ctx);
      return this.account(ctx, accountId);
    });
  }

  /** @throws Fault as `updateAccount` */
  disableAccount(ctx: Ctx, { accountId }: Flat<typeof access.disableAccount>): Promise<AccountView> {
    return this.updateAccount(ctx, { accountId, disabled: true });
  }

  /** Those that count for the plan: not the ones that are switched off. */
  async count(ctx: Ctx): Promise<number> {
    const [row] = await ctx.sql<{ count: number }>`SELECT count(*) FROM access_account WHERE NOT disabled`;
    return row?.count ?? 0;
  }

  /** Lets somebody try again at once who is locked out. @throws Fault `access.beyond_own_rights` as `updateAccount` */
  async unlockAccount(ctx: Ctx, { accountId }: Flat<typeof access.unlockAccount>): Promise<void> {
    const account = await ctx.tx(async (ctx) => {
      await this.demandMayChange(ctx, accountId);
      return this.account(ctx, accountId);
    });
    await this.attempts.unlock(ctx.tenantId, account);
  }

  /** The hash of a password that somebody is given. One's own is changed with the one before. */
  async #newPassword(ctx: Ctx, accountId: string, password: string): Promise<string> {
    if (accountId === ctx.actor.id) throw ownPassword();
    assertStrong(password, (await this.account(ctx, accountId)).login);
    return hashPassword(password);
  }

  /** Which of these roles there are, in this tenant. */
  async rolesAmong(ctx: Ctx, roleIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (roleIds.length === 0) return new Set();
    const found = await ctx.db.selectFrom("access_role").select("id").where("id", "in", roleIds).execute();
    return new Set(found.map(({ id }) => id));
  }

  /** The account of a login, in this tenant. */
  async idOfLogin(ctx: Ctx, login: string): Promise<string | undefined> {
    const found = ctx.db.selectFrom("access_account").select("id").where("login", "=", login.toLowerCase());
    return (await found.executeTakeFirst())?.id;
  }

  /** @throws Fault `access.beyond_own_rights`, `kit.not_found` */
  async demandMayChange(ctx: TxCtx, accountId: string): Promise<void> {
    await this.#demandOver(ctx, await this.rights.begin(ctx), accountId);
  }

  /** How accounts, and whatever else calls in its own name, are called now, by their ids. */
  async names(ctx: Ctx, actorIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (actorIds.length === 0) return new Map();
    const rows = await ctx.db
      .selectFrom("access_account")
      .select(["id", "displayName"])
      .where("id", "in", [...new Set(actorIds)])
      .execute();
    const names = new Map(rows.map(({ id, displayName }) => [id, displayName]));
    const others = actorIds.filter((id) => !names.has(id));
    if (others.length === 0) return names;
    for (const { value } of this.extensions.of(actorNames))
      for (const [id, name] of await value(ctx, others)) names.set(id, name);
    return names;
  }

  async #demandOver(ctx: Ctx, grantor: Grantor, accountId: string): Promise<void> {
    await this.account(ctx, accountId);
    await this.rights.demandOver(ctx, grantor, accountId, "accountId");
  }

  async listPermissions(ctx: Ctx): Promise<Out<typeof access.listPermissions>> {
    return { items: (await this.rights.grantable(ctx)).map(({ code, text }) => ({ code, ...text })) };
  }

  listRoles(ctx: Ctx, query: Flat<typeof access.listRoles>): Promise<Out<typeof access.listRoles>> {
    return listOf(ctx, access.listRoles, query, ctx.db.selectFrom("access_role").selectAll(), {
      present: (rows) => this.#roles(ctx, rows),
    });
  }

  /** @throws Fault `access.role_name_taken`, `access.unknown_permission`, `access.beyond_own_rights` */
  async createRole(ctx: Ctx, given: Flat<typeof access.createRole>): Promise<RoleView> {
    const { name, permissions, dataScope = "all" } = given;
    await this.rights.demandKnown(ctx, permissions);
    return ctx.tx(async (ctx) => {
      const granted = await this.rights.grantsOf(ctx, { builtIn: null, permissions, dataScope });
      (await this.rights.begin(ctx)).demandHeld(granted, "permissions");
      const row = await ctx.db
        .insertInto("access_role")
        .values({ name, permissions, dataScope })
        .onConflict((on) => on.doNothing())
        .returningAll()
        .executeTakeFirstOrThrow(() => roleNameTaken({ name, errors: [{ field: "name" }] }));
      return this.#role(ctx, row);
    });
  }

  /** @throws Fault `access.beyond_own_rights` if the role grants more than one holds, before or afterwards */
  async updateRole(ctx: Ctx, { roleId, ...change }: Flat<typeof access.updateRole>): Promise<RoleView> {
    const { name, permissions, dataScope } = change;
    await this.rights.demandKnown(ctx, permissions ?? []);
    const taken = roleNameTaken({ name, errors: [{ field: "name" }] });
    return ctx.tx(
      async (ctx) => {
        const { grantor, role } = await this.#beginChange(ctx, roleId);
        const after = { ...role, ...(permissions && { permissions }), ...(dataScope && { dataScope }) };
        grantor.demandHeld(await this.rights.grantsOf(ctx, after), "permissions");
        if (Object.keys(change).length === 0) return this.#role(ctx, role);
        const changed = ctx.db
          .updateTable("access_role")
          .set({ name, permissions, dataScope })
          .where("id", "=", roleId);
        return this.#role(ctx, await changed.returningAll().executeTakeFirstOrThrow());
      },
      { onUnique: taken },
    );
  }

  /** @throws Fault `access.role_in_use`, `access.role_fixed`, `access.beyond_own_rights` */
  async deleteRole(ctx: Ctx, { roleId }: Flat<typeof access.deleteRole>): Promise<void> {
    await ctx.tx(async (ctx) => {
      await this.#beginChange(ctx, roleId);
      const [{ accounts } = { accounts: 0 }] = await this.#roles(ctx, [
        { id: roleId, builtIn: null, permissions: [], dataScope: "all" },
      ]);
      if (accounts > 0) throw roleInUse({ accounts });
      await ctx.db.deleteFrom("access_role").where("id", "=", roleId).execute();
    });
  }

  /** A role as it is, for whoever may change it. */
  async #beginChange(ctx: TxCtx, roleId: string) {
    const grantor = await this.rights.begin(ctx);
    const role = await ctx.db
      .selectFrom("access_role")
      .selectAll()
      .where("id", "=", roleId)
      .executeTakeFirstOrThrow(() => notFound());
    if (role.builtIn !== null) throw roleFixed();
    grantor.demandHeld(await this.rights.grantsOf(ctx, role), "roleId");
    return { grantor, role };
  }

  async #setRoles(ctx: TxCtx, grantor: Grantor, accountId: string, roleIds: readonly string[]): Promise<void> {
    const wanted = [...new Set(roleIds)];
    const found = await ctx.db
      .selectFrom("access_role")
      .select(["id", "builtIn", "permissions", "dataScope"])
      .where("id", "in", wanted)
      .execute();
    if (found.length !== wanted.length) throw notFound();
    for (const role of found) grantor.demandHeld(await this.rights.grantsOf(ctx, role), "roleIds");
    await ctx.db.deleteFrom("access_account_role").where("accountId", "=", accountId).execute();
    const rows = wanted.map((roleId) => ({ accountId, roleId }));
    await ctx.db.insertInto("access_account_role").values(rows).execute();
  }

  /** Two owners who take each other's role at once come one after the other: changes of rights do. */
  async #demandOwner(ctx: TxCtx): Promise<void> {
    await ctx.db
      .selectFrom("access_account")
      .innerJoin("access_account_role", "access_account_role.accountId", "access_account.id")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select("access_account.id")
      .where("access_role.builtIn", "=", "owner")
      // One who was invited and never came can let nobody in again.
      .where("access_account.state", "=", "enabled")
      .limit(1)
      .executeTakeFirstOrThrow(() => lastOwner());
  }

  /** With what they grant now, and to how many accounts. */
  async #roles<Row extends GrantingRole & { readonly id: string }>(ctx: Ctx, roles: readonly Row[]) {
    if (roles.length === 0) return [];
    const counts = await ctx.db
      .selectFrom("access_account_role")
      .select(["roleId", ({ fn }) => fn.countAll<number>().as("accounts")])
      .where(
        "roleId",
        "in",
        roles.map(({ id }) => id),
      )
      .groupBy("roleId")
      .execute();
    const shown = async (role: Row) => ({
      ...role,
      permissions: await this.rights.ofRole(ctx, role),
      accounts: Number(counts.find(({ roleId }) => roleId === role.id)?.accounts ?? 0),
    });
    return Promise.all(roles.map(shown));
  }

  async #role<Row extends GrantingRole & { readonly id: string }>(ctx: Ctx, row: Row) {
    const [role] = await this.#roles(ctx, [row]);
    if (role === undefined) throw notFound();
    return role;
  }
}
