import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { builtInRoles, type BuiltInRole } from "@zhanggui/kit/contract/permission";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { type access, lastOwner, loginTaken, roleFixed, unknownPermission } from "./access.contract.ts";
import { PermissionCatalogue } from "./catalogue.ts";
import { assertStrong, hashPassword } from "./internal/passwords.ts";
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
  readonly #catalogue: PermissionCatalogue;
  readonly #tenants: Tenants;

  constructor(catalogue: PermissionCatalogue, tenants: Tenants) {
    this.#catalogue = catalogue;
    this.#tenants = tenants;
  }

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
      this.#tenants.get(ctx.tenantId),
      this.#accounts(ctx, accountId),
      this.permissionsOf(ctx, accountId),
    ]);
    if (account === undefined) throw notFound();
    return { tenant, account, permissions };
  }

  async permissionsOf(ctx: Ctx, accountId: string): Promise<string[]> {
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select(["access_role.builtIn", "access_role.permissions"])
      .where("access_account_role.accountId", "=", accountId)
      .execute();
    return [...new Set(roles.flatMap((role) => this.#permissionsOfRole(role)))].toSorted();
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

  /** @throws Fault `access.login_taken`, `access.weak_password`, `kit.not_found` for a role of nobody's or of others' */
  async createAccount(ctx: Ctx, { login, displayName, password, roleIds }: NewAccount): Promise<AccountView> {
    assertStrong(password, login);
    const passwordHash = await hashPassword(password);
    return ctx.tx(async (ctx) => {
      const inserted = await ctx.db
        .insertInto("access_account")
        .values({ login, displayName, passwordHash })
        .onConflict((on) => on.doNothing())
        .returning("id")
        .executeTakeFirst();
      if (inserted === undefined) throw loginTaken({ login });
      await this.#setRoles(ctx, inserted.id, roleIds);
      return this.#account(ctx, inserted.id);
    });
  }

  /** @throws Fault `access.last_owner` if nobody with every right could sign in afterwards */
  async updateAccount(
    ctx: Ctx,
    { accountId, displayName, roleIds, disabled }: Flat<typeof access.updateAccount>,
  ): Promise<AccountView> {
    return ctx.tx(async (ctx) => {
      await this.#account(ctx, accountId);
      if (displayName !== undefined || disabled !== undefined) {
        await ctx.db.updateTable("access_account").set({ displayName, disabled }).where("id", "=", accountId).execute();
      }
      if (roleIds !== undefined) await this.#setRoles(ctx, accountId, roleIds);
      if (disabled === true) {
        const ended = { endedAt: ctx.now(), endedBecause: "account_disabled" };
        await ctx.db
          .updateTable("access_session")
          .set(ended)
          .where("accountId", "=", accountId)
          .where("endedAt", "is", null)
          .execute();
      }
      await this.#demandOwner(ctx);
      return this.#account(ctx, accountId);
    });
  }

  async listRoles(ctx: Ctx): Promise<Out<typeof access.listRoles>> {
    const rows = await ctx.db.selectFrom("access_role").selectAll().orderBy("createdAt").orderBy("id").execute();
    return {
      items: rows.map((row) => this.#role(row)),
      permissions: this.#catalogue.all.map(({ code, text }) => ({ code, ...text })),
    };
  }

  async createRole(ctx: Ctx, { name, permissions }: Flat<typeof access.createRole>): Promise<RoleView> {
    this.#demandKnown(permissions);
    const row = await ctx.db
      .insertInto("access_role")
      .values({ name, permissions })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw conflict();
    return this.#role(row);
  }

  async updateRole(ctx: Ctx, { roleId, permissions }: Flat<typeof access.updateRole>): Promise<RoleView> {
    this.#demandKnown(permissions);
    const row = await ctx.db
      .updateTable("access_role")
      .set({ permissions })
      .where("id", "=", roleId)
      .where("builtIn", "is", null)
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) return this.#role(row);
    const fixed = await ctx.db.selectFrom("access_role").select("id").where("id", "=", roleId).executeTakeFirst();
    throw fixed === undefined ? notFound() : roleFixed();
  }

  async #account(ctx: Ctx, accountId: string): Promise<AccountView> {
    const [account] = await this.#accounts(ctx, accountId);
    if (account === undefined) throw notFound();
    return account;
  }

  async #setRoles(ctx: Ctx, accountId: string, roleIds: readonly string[]): Promise<void> {
    const wanted = [...new Set(roleIds)];
    const found = await ctx.db.selectFrom("access_role").select("id").where("id", "in", wanted).execute();
    if (found.length !== wanted.length) throw notFound();
    await ctx.db.deleteFrom("access_account_role").where("accountId", "=", accountId).execute();
    const rows = wanted.map((roleId) => ({ accountId, roleId }));
    await ctx.db.insertInto("access_account_role").values(rows).execute();
  }

  /** Locks the owner role first: two owners who take each other's role at once would both see one owner left. */
  async #demandOwner(ctx: Ctx): Promise<void> {
    await ctx.db.selectFrom("access_role").select("id").where("builtIn", "=", "owner").forUpdate().execute();
    const owner = await ctx.db
      .selectFrom("access_account")
      .innerJoin("access_account_role", "access_account_role.accountId", "access_account.id")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select("access_account.id")
      .where("access_role.builtIn", "=", "owner")
      .where("access_account.disabled", "=", false)
      .limit(1)
      .executeTakeFirst();
    if (owner === undefined) throw lastOwner();
  }

  #demandKnown(permissions: readonly string[]): void {
    const unknown = permissions.find((code) => !this.#catalogue.has(code));
    if (unknown !== undefined) throw unknownPermission({ permission: unknown });
  }

  #permissionsOfRole({ builtIn, permissions }: Pick<RoleView, "builtIn" | "permissions">): string[] {
    return builtIn === null ? permissions : this.#catalogue.of(builtIn);
  }

  #role<Role extends Pick<RoleView, "builtIn" | "permissions">>(role: Role): Role {
    return { ...role, permissions: this.#permissionsOfRole(role) };
  }
}
