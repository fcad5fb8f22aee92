import { Injectable } from "@nestjs/common";
import { forbidden } from "@zhanggui/kit/contract/faults";
import type { BuiltInRole, Permission } from "@zhanggui/kit/contract/permission";
import type { Actor, Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { sql, type SqlBool } from "kysely";
import { accessWrite, beyondOwnRights, unknownPermission } from "./roles.contract.ts";
import { Tenants } from "./tenants.ts";

export interface GrantingRole {
  readonly builtIn: BuiltInRole | null;
  readonly permissions: string[];
}

/** In a role's permissions: each that is called `<module>:read`, also of modules that come later. */
export const everyRead = "*:read";
const isRead = (code: string, permissions: readonly string[]): boolean =>
  code.endsWith(":read") && permissions.includes(everyRead);

/** What accounts hold, and what they may therefore give to others. */
@Injectable()
export class Rights {
  constructor(
    private readonly declarations: Declarations,
    private readonly tenants: Tenants,
  ) {}

  /** Every permission that some route asks for and this tenant can have: what its roles can grant. */
  async grantable(ctx: Ctx): Promise<readonly Permission[]> {
    const all = this.declarations.permissions;
    return (await this.tenants.isPlatform(ctx)) ? all : all.filter(({ isOfPlatform }) => !isOfPlatform);
  }

  /** @throws Fault `access.unknown_permission` for one that no route asks for */
  async demandKnown(ctx: Ctx, permissions: readonly string[]): Promise<void> {
    const grantable = await this.grantable(ctx);
    const unknown = permissions.find((code) => !grantable.some((each) => each.code === code));
    if (unknown !== undefined) throw unknownPermission({ permission: unknown });
  }

  /**
   * What a role grants now: of a built-in one that stands with each permission. One that no route asks for any more
   * grants nothing: nobody could hold it, and so change or disable whoever was granted it.
   */
  async ofRole(ctx: Ctx, role: GrantingRole): Promise<string[]> {
    return grantedBy(role, await this.grantable(ctx));
  }

  async ofAccount(ctx: Ctx, accountId: string): Promise<string[]> {
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select(["access_role.builtIn", "access_role.permissions"])
      .where("access_account_role.accountId", "=", accountId)
      .execute();
    const grantable = await this.grantable(ctx);
    return [...new Set(roles.flatMap((role) => grantedBy(role, grantable)))].toSorted();
  }

  /** Somebody who isn't there, with what they may do by now; undefined for an account that is switched off. */
  async actor(ctx: Ctx, accountId: string): Promise<Actor | undefined> {
    const account = await ctx.db
      .selectFrom("access_account")
      .select("displayName")
      .where("id", "=", accountId)
      .where("disabled", "=", false)
      .executeTakeFirst();
    if (account === undefined) return undefined;
    const permissions = new Set(await this.ofAccount(ctx, accountId));
    return { kind: "account", id: accountId, name: account.displayName, permissions };
  }

  /** The accounts that have a permission and can sign in, the first of them. */
  async holdersOf(ctx: Ctx, { code, grantedTo, isOfPlatform }: Permission, limit: number): Promise<string[]> {
    if (isOfPlatform && !(await this.tenants.isPlatform(ctx))) return [];
    const builtIn: readonly string[] = ["owner", ...grantedTo];
    const codes = code.endsWith(":read") ? [code, everyRead] : [code];
    const rows = await ctx.db
      .selectFrom("access_account")
      .select("id")
      .where("state", "=", "enabled")
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom("access_account_role")
            .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
            .select("access_role.id")
            .whereRef("access_account_role.accountId", "=", "access_account.id")
            .where(sql<SqlBool>`(built_in = ANY (${builtIn}) OR (built_in IS NULL AND ${codes} && permissions))`),
        ),
      )
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }

  /**
   * Begins a change of rights. Those of one tenant come one after the other, and each reads what its actor holds only
   * when it is its turn: somebody who loses a right while they grant it either granted it before, or doesn't.
   *
   * @param needed what somebody needs who changes them
   * @throws Fault `kit.forbidden` for an account that no longer has it, and for what isn't an account
   */
  async begin(ctx: TxCtx, needed: Permission = accessWrite): Promise<Grantor> {
    await ctx.lock("access.rights", "");
    // Set-up, and the system itself.
    return ctx.actor.kind === "system" ? new Grantor(undefined) : this.grantor(ctx, ctx.actor.id, needed);
  }

  /** @throws Fault `kit.forbidden` for an account that no longer has the permission, and for what isn't an account */
  async grantor(ctx: Ctx, accountId: string, needed: Permission = accessWrite): Promise<Grantor> {
    const able = await ctx.db
      .selectFrom("access_account")
      .select("id")
      .where("id", "=", accountId)
      .where("disabled", "=", false)
      .executeTakeFirst();
    const held = new Set(able === undefined ? [] : await this.ofAccount(ctx, able.id));
    if (!held.has(needed.code)) throw forbidden({ permission: needed.code });
    return new Grantor(held);
  }
}

function grantedBy({ builtIn, permissions }: GrantingRole, grantable: readonly Permission[]): string[] {
  const granted =
    builtIn === null
      ? grantable.filter(({ code }) => permissions.includes(code) || isRead(code, permissions))
      : grantable.filter(({ grantedTo }) => builtIn === "owner" || grantedTo.includes(builtIn));
  return granted.map(({ code }) => code);
}

/** Whoever changes rights, in the transaction in which they do. */
export class Grantor {
  readonly #held: ReadonlySet<string> | undefined;

  /** @param held undefined for the system, which holds everything */
  constructor(held: ReadonlySet<string> | undefined) {
    this.#held = held;
  }

  /**
   * @throws Fault `access.beyond_own_rights` at `field`, naming the first permission that they don't hold themselves
   */
  demandHeld(permissions: readonly string[], field: string): void {
    const beyond = permissions.find((code) => this.#held?.has(code) === false);
    if (beyond !== undefined) throw beyondOwnRights({ permission: beyond, errors: [{ field }] });
  }
}
