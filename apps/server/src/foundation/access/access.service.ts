import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import { builtInRoles, type BuiltInRole } from "@zhanggui/kit/contract/permission";
import type { In, Out } from "@zhanggui/kit/contract/route";
import { owned, type Ctx } from "@zhanggui/kit/server/ctx";
import { type access, lastOwner, loginTaken, roleFixed, unknownPermission } from "./access.contract.ts";
import { PermissionCatalogue } from "./catalogue.ts";
import { assertStrong, hashPassword } from "./internal/passwords.ts";
import { Tenants } from "./tenants.ts";

type NewAccount = In<typeof access.createAccount>["body"];
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
    const rows = builtInRoles.map((built_in) => ({
      ...owned(ctx),
      name: builtInNames[built_in],
      built_in,
      permissions: [],
    }));
    await ctx.db.insertInto("access_role").values(rows).execute();
    return Object.fromEntries(rows.map(({ built_in, id }) => [built_in, id])) as Record<BuiltInRole, string>;
  }

  async me(ctx: Ctx, accountId: string): Promise<Out<typeof access.me>> {
    const [tenant, [account], permissions] = await Promise.all([
      this.#tenants.get(ctx.tenantId),
      this.listAccounts(ctx, accountId),
      this.permissionsOf(ctx, accountId),
    ]);
    if (account === undefined) throw notFound();
    return { tenant, account, permissions };
  }

  async permissionsOf(ctx: Ctx, accountId: string): Promise<string[]> {
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.role_id")
      .select(["access_role.built_in", "access_role.permissions"])
      .where("access_account_role.account_id", "=", accountId)
      .execute();
    return [...new Set(roles.flatMap((role) => this.#permissionsOfRole(role)))].toSorted();
  }

  /** All accounts of the tenant by name, or the one with this id. */
  async listAccounts(ctx: Ctx, accountId?: string): Promise<AccountView[]> {
    let query = ctx.db
      .selectFrom("access_account")
      .select(["id", "login", "display_name", "disabled", "created_at"])
      .orderBy("display_name")
      .orderBy("id");
    if (accountId !== undefined) query = query.where("id", "=", accountId);
    const accounts = await query.execute();
    if (accounts.length === 0) return [];
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.role_id")
      .select(["access_account_role.account_id", "access_role.id", "access_role.name", "access_role.built_in"])
      .where(
        "access_account_role.account_id",
        "in",
        accounts.map(({ id }) => id),
      )
      .orderBy("access_role.name")
      .execute();
    return accounts.map(({ id, login, display_name, disabled, created_at }) => ({
      id,
      login,
      displayName: display_name,
      roles: roles.filter((role) => role.account_id === id).map(toRoleOfAccount),
      disabled,
      createdAt: created_at,
    }));
  }

  /** @throws Fault `access.login_taken`, `access.weak_password`, `kit.not_found` for a role of nobody's or of others' */
  async createAccount(ctx: Ctx, { login, displayName, password, roleIds }: NewAccount): Promise<AccountView> {
    assertStrong(password, login);
    const password_hash = await hashPassword(password);
    return ctx.tx(async (ctx) => {
      const inserted = await ctx.db
        .insertInto("access_account")
        .values({ ...owned(ctx), login, display_name: displayName, password_hash })
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
    accountId: string,
    change: In<typeof access.updateAccount>["body"],
  ): Promise<AccountView> {
    return ctx.tx(async (ctx) => {
      await this.#account(ctx, accountId);
      const { displayName, roleIds, disabled } = change;
      const row = {
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(disabled === undefined ? {} : { disabled }),
      };
      if (Object.keys(row).length > 0) {
        await ctx.db.updateTable("access_account").set(row).where("id", "=", accountId).execute();
      }
      if (roleIds !== undefined) await this.#setRoles(ctx, accountId, roleIds);
      if (disabled === true) {
        const ended = { ended_at: ctx.now(), ended_because: "account_disabled" };
        await ctx.db
          .updateTable("access_session")
          .set(ended)
          .where("account_id", "=", accountId)
          .where("ended_at", "is", null)
          .execute();
      }
      await this.#demandOwner(ctx);
      return this.#account(ctx, accountId);
    });
  }

  async listRoles(ctx: Ctx): Promise<Out<typeof access.listRoles>> {
    const rows = await ctx.db.selectFrom("access_role").selectAll().orderBy("created_at").orderBy("id").execute();
    return {
      items: rows.map((row) => this.#role(row)),
      permissions: this.#catalogue.all.map(({ code, text }) => ({ code, ...text })),
    };
  }

  async createRole(ctx: Ctx, { name, permissions }: In<typeof access.createRole>["body"]): Promise<RoleView> {
    this.#demandKnown(permissions);
    const row = await ctx.db
      .insertInto("access_role")
      .values({ ...owned(ctx), name, built_in: null, permissions })
      .onConflict((on) => on.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw conflict();
    return this.#role(row);
  }

  async updateRole(ctx: Ctx, roleId: string, permissions: string[]): Promise<RoleView> {
    this.#demandKnown(permissions);
    const row = await ctx.db
      .updateTable("access_role")
      .set({ permissions })
      .where("id", "=", roleId)
      .where("built_in", "is", null)
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) return this.#role(row);
    const fixed = await ctx.db.selectFrom("access_role").select("id").where("id", "=", roleId).executeTakeFirst();
    throw fixed === undefined ? notFound() : roleFixed();
  }

  async #account(ctx: Ctx, accountId: string): Promise<AccountView> {
    const [account] = await this.listAccounts(ctx, accountId);
    if (account === undefined) throw notFound();
    return account;
  }

  async #setRoles(ctx: Ctx, accountId: string, roleIds: readonly string[]): Promise<void> {
    const wanted = [...new Set(roleIds)];
    const found = await ctx.db.selectFrom("access_role").select("id").where("id", "in", wanted).execute();
    if (found.length !== wanted.length) throw notFound();
    await ctx.db.deleteFrom("access_account_role").where("account_id", "=", accountId).execute();
    const rows = wanted.map((role_id) => ({ tenant_id: ctx.tenantId, account_id: accountId, role_id }));
    await ctx.db.insertInto("access_account_role").values(rows).execute();
  }

  /** Locks the owner role first: two owners who take each other's role at once would both see one owner left. */
  async #demandOwner(ctx: Ctx): Promise<void> {
    await ctx.db.selectFrom("access_role").select("id").where("built_in", "=", "owner").forUpdate().execute();
    const owner = await ctx.db
      .selectFrom("access_account")
      .innerJoin("access_account_role", "access_account_role.account_id", "access_account.id")
      .innerJoin("access_role", "access_role.id", "access_account_role.role_id")
      .select("access_account.id")
      .where("access_role.built_in", "=", "owner")
      .where("access_account.disabled", "=", false)
      .limit(1)
      .executeTakeFirst();
    if (owner === undefined) throw lastOwner();
  }

  #demandKnown(permissions: readonly string[]): void {
    const unknown = permissions.find((code) => !this.#catalogue.has(code));
    if (unknown !== undefined) throw unknownPermission({ permission: unknown });
  }

  #permissionsOfRole({ built_in, permissions }: { built_in: string | null; permissions: string[] }): string[] {
    return built_in === null ? permissions : this.#catalogue.of(built_in as BuiltInRole);
  }

  #role(row: { id: string; name: string; built_in: string | null; permissions: string[] }): RoleView {
    const { id, name, built_in } = row;
    return { id, name, permissions: this.#permissionsOfRole(row), builtIn: built_in as BuiltInRole | null };
  }
}

function toRoleOfAccount(row: { id: string; name: string; built_in: string | null }): AccountView["roles"][number] {
  return { id: row.id, name: row.name, builtIn: row.built_in as BuiltInRole | null };
}
