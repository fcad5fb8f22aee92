import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { builtInRoles, type BuiltInRole } from "@zhanggui/kit/contract/permission";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import {
  type access,
  lastOwner,
  loginTaken,
  ownPassword,
  roleFixed,
  roleNameTaken,
  unknownPermission,
} from "./access.contract.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { endSessions } from "./internal/end-sessions.ts";
import { assertStrong, hashPassword } from "./internal/passwords.ts";
import { type GrantingRole, type Grantor, Rights } from "./rights.ts";
import { Tenants } from "./tenants.ts";

type NewAccount = Flat<typeof access.createAccount>;
type AccountView = Out<typeof access.createAccount>;
type RoleView = Out<typeof access.createRole>;

/** Chinese first: the console shows its own words for the built-in ones. */
const builtInNames: Readonly<Record<BuiltInRole, string>> = {
  owner: "负责人",
  operator: "运营",
  finance: "财务",
  reviewer: "审批人",
  developer: "开发者",
};

/** Accounts and roles of a tenant. */
@Injectable()
export class AccessService {
  constructor(
    private readonly tenants: Tenants,
    private readonly rights: Rights,
    private readonly attempts: LoginAttempts,
  ) {}

  /** Gives a new tenant the built-in roles. Returns the ids by name. */
  async createBuiltInRoles(ctx: Ctx): Promise<Record<BuiltInRole, string>> {
    const rows = await ctx.db
      .insertInto("access_role")
      .values(builtInRoles.map((builtIn) => ({ name: builtInNames[builtIn], builtIn, permissions: [] })))
      .returning(["id", "builtIn"])
      .execute();
    return Object.fromEntries(rows.map(({ builtIn, id }) => [builtIn, id])) as Record<BuiltInRole, string>;
  }

  async me(ctx: Ctx, accountId: string): Promise<Out<typeof access.me>> {
    const [tenant, [account], permissions] = await Promise.all([
      this.tenants.get(ctx.tenantId),
      this.#accounts(ctx, accountId),
      this.rights.ofAccount(ctx, accountId),
    ]);
    if (account === undefined) throw notFound();
    return { tenant, account, permissions };
  }

  /** By name. */
  listAccounts(ctx: Ctx): Promise<AccountView[]> {
    return this.#accounts(ctx);
  }

  async #accounts(ctx: Ctx, accountId?: string): Promise<AccountView[]> {
    let query = ctx.db
      .selectFrom("access_account")
      .select(["id", "login", "displayName", "disabled", "createdAt"])
      .orderBy("displayName")
      .orderBy("id");
    if (accountId !== undefined) query = query.where("id", "=", accountId);
    const accounts = await query.execute();
    if (accounts.length === 0) return [];
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select(["access_account_role.accountId", "access_role.id", "access_role.name", "access_role.builtIn"])
      .where(
        "access_account_role.accountId",
        "in",
        accounts.map(({ id }) => id),
      )
      .orderBy("access_role.name")
      .execute();
    return accounts.map((account) => ({ ...account, roles: roles.filter(({ accountId: of }) => of === account.id) }));
  }

  /**
   * @throws Fault `access.login_taken`, `access.weak_password`, `access.beyond_own_rights`; `kit.not_found` for a role
   *   that isn't there or is another tenant's
   */
  async createAccount(ctx: Ctx, { login, displayName, password, roleIds }: NewAccount): Promise<AccountView> {
    assertStrong(password, login);
    const passwordHash = await hashPassword(password);
    return ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx);
      const inserted = await ctx.db
        .insertInto("access_account")
        .values({ login, displayName, passwordHash })
        .onConflict((on) => on.doNothing())
        .returning("id")
        .executeTakeFirstOrThrow(() => loginTaken({ login, errors: [{ field: "login" }] }));
      await this.#setRoles(ctx, grantor, inserted.id, roleIds);
      return this.#account(ctx, inserted.id);
    });
  }

  /**
   * @throws Fault `access.last_owner` if nobody with every right could sign in afterwards, `access.beyond_own_rights` if
   *   the account holds more than whoever changes it, before or afterwards
   */
  async updateAccount(ctx: Ctx, change: Flat<typeof access.updateAccount>): Promise<AccountView> {
    const { accountId, displayName, roleIds, disabled, password } = change;
    const passwordHash = password === undefined ? undefined : await this.#newPassword(ctx, accountId, password);
    const values = { displayName, disabled, passwordHash };
    return ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx);
      await this.#demandHeldOf(ctx, grantor, accountId);
      if (Object.values(values).some((value) => value !== undefined)) {
        await ctx.db.updateTable("access_account").set(values).where("id", "=", accountId).execute();
      }
      if (roleIds !== undefined) await this.#setRoles(ctx, grantor, accountId, roleIds);
      if (disabled === true) await endSessions(ctx, "account_disabled", { accountId });
      else if (password !== undefined) await endSessions(ctx, "password_given", { accountId });
      await this.#demandOwner(ctx);
      return this.#account(ctx, accountId);
    });
  }

  /** Lets somebody try again at once who is locked out. @throws Fault `access.beyond_own_rights` as `updateAccount` */
  async unlockAccount(ctx: Ctx, { accountId }: Flat<typeof access.unlockAccount>): Promise<void> {
    const account = await ctx.tx(async (ctx) => {
      await this.#demandHeldOf(ctx, await this.rights.begin(ctx), accountId);
      return this.#account(ctx, accountId);
    });
    await this.attempts.unlock(ctx.tenantId, account);
  }

  /** The hash of a password that somebody is given. One's own is changed with the one before. */
  async #newPassword(ctx: Ctx, accountId: string, password: string): Promise<string> {
    if (accountId === ctx.actor.id) throw ownPassword();
    assertStrong(password, (await this.#account(ctx, accountId)).login);
    return hashPassword(password);
  }

  /** Whoever could change an account that holds more than they do would hold it too. */
  async #demandHeldOf(ctx: Ctx, grantor: Grantor, accountId: string): Promise<void> {
    await this.#account(ctx, accountId);
    grantor.demandHeld(await this.rights.ofAccount(ctx, accountId), "accountId");
  }

  async listRoles(ctx: Ctx): Promise<Out<typeof access.listRoles>> {
    const rows = await ctx.db.selectFrom("access_role").selectAll().orderBy("createdAt").orderBy("id").execute();
    return {
      items: rows.map((row) => this.#role(row)),
      permissions: this.rights.grantable.map(({ code, text }) => ({ code, ...text })),
    };
  }

  /** @throws Fault `access.unknown_permission`, `access.beyond_own_rights` */
  async createRole(ctx: Ctx, { name, permissions }: Flat<typeof access.createRole>): Promise<RoleView> {
    this.#demandKnown(permissions);
    return ctx.tx(async (ctx) => {
      (await this.rights.begin(ctx)).demandHeld(permissions, "permissions");
      const row = await ctx.db
        .insertInto("access_role")
        .values({ name, permissions })
        .onConflict((on) => on.doNothing())
        .returningAll()
        .executeTakeFirstOrThrow(() => roleNameTaken({ name, errors: [{ field: "name" }] }));
      return this.#role(row);
    });
  }

  /** @throws Fault `access.beyond_own_rights` if the role grants more than one holds, before or afterwards */
  async updateRole(ctx: Ctx, { roleId, permissions }: Flat<typeof access.updateRole>): Promise<RoleView> {
    this.#demandKnown(permissions);
    return ctx.tx(async (ctx) => {
      const grantor = await this.rights.begin(ctx);
      const before = await ctx.db.selectFrom("access_role").selectAll().where("id", "=", roleId).executeTakeFirst();
      if (before === undefined) throw notFound();
      if (before.builtIn !== null) throw roleFixed();
      grantor.demandHeld(permissions, "permissions");
      grantor.demandHeld(this.rights.ofRole(before), "roleId");
      const changed = ctx.db.updateTable("access_role").set({ permissions }).where("id", "=", roleId);
      return this.#role(await changed.returningAll().executeTakeFirstOrThrow());
    });
  }

  async #account(ctx: Ctx, accountId: string): Promise<AccountView> {
    const [account] = await this.#accounts(ctx, accountId);
    if (account === undefined) throw notFound();
    return account;
  }

  async #setRoles(ctx: TxCtx, grantor: Grantor, accountId: string, roleIds: readonly string[]): Promise<void> {
    const wanted = [...new Set(roleIds)];
    const found = await ctx.db
      .selectFrom("access_role")
      .select(["id", "builtIn", "permissions"])
      .where("id", "in", wanted)
      .execute();
    if (found.length !== wanted.length) throw notFound();
    for (const role of found) grantor.demandHeld(this.rights.ofRole(role), "roleIds");
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
      .where("access_account.disabled", "=", false)
      .limit(1)
      .executeTakeFirstOrThrow(() => lastOwner());
  }

  #demandKnown(permissions: readonly string[]): void {
    const unknown = permissions.find((code) => !this.rights.grantable.some((each) => each.code === code));
    if (unknown !== undefined) throw unknownPermission({ permission: unknown });
  }

  #role<Role extends GrantingRole>(role: Role): Role {
    return { ...role, permissions: this.rights.ofRole(role) };
  }
}
