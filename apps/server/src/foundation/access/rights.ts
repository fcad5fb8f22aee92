import { Injectable } from "@nestjs/common";
import { forbidden } from "@zhanggui/kit/contract/faults";
import {
  type BuiltInRole,
  builtInRoles,
  type DataScope,
  dataScopes,
  firstRoles,
  type FirstRole,
  isGrantedTo,
  type Permission,
} from "@zhanggui/kit/contract/permission";
import type { Actor, Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { widest } from "@zhanggui/kit/server/data-scope";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { sql, type SqlBool } from "kysely";
import { colleaguesOf, departmentsOf } from "./internal/colleagues.ts";
import { accessWrite, beyondOwnDepartments, beyondOwnRights, unknownPermission } from "./roles.contract.ts";
import { Tenants } from "./tenants.ts";

export interface GrantingRole {
  readonly builtIn: BuiltInRole | null;
  readonly permissions: string[];
  readonly dataScope: DataScope;
}
/** What somebody holds or gives: each permission by its code, and how far it reaches. */
export type Grants = ReadonlyMap<string, DataScope>;
/** Somebody's rights, as whatever they call is decided by. */
export type HeldRights = Required<Pick<Actor, "permissions" | "scopes" | "colleagueIds">>;

/** In a role's permissions: each that is called `<module>:read`, also of modules that come later. */
export const everyRead = "*:read";
/** In a role's permissions: what the permissions say of such a role, also those of modules that come later. */
export const asRole = (role: FirstRole): string => `@${role}`;

/** What grants a permission, if it stands in a role's permissions. */
function grantedBy(permission: Permission): string[] {
  const { code } = permission;
  const roles = firstRoles.filter((role) => isGrantedTo(permission, role)).map(asRole);
  return [code, ...(code.endsWith(":read") ? [everyRead] : []), ...roles];
}

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
    return [...(await this.grantsOf(ctx, role)).keys()];
  }

  /** The same with how far each reaches: what has no owners reaches everything, whatever the role says. */
  async grantsOf(ctx: Ctx, role: GrantingRole): Promise<Grants> {
    return grantsAmong(role, await this.grantable(ctx));
  }

  async ofAccount(ctx: Ctx, accountId: string): Promise<string[]> {
    return [...(await this.grantsOfAccount(ctx, accountId)).keys()];
  }

  /** Sorted by their codes; of two roles that grant the same, the one that reaches further counts. */
  async grantsOfAccount(ctx: Ctx, accountId: string): Promise<Grants> {
    const roles = await ctx.db
      .selectFrom("access_account_role")
      .innerJoin("access_role", "access_role.id", "access_account_role.roleId")
      .select(["access_role.builtIn", "access_role.permissions", "access_role.dataScope"])
      .where("access_account_role.accountId", "=", accountId)
      .execute();
    const grantable = await this.grantable(ctx);
    const all = roles.flatMap((role) => [...grantsAmong(role, grantable)]);
    const scopes = Map.groupBy(all, ([code]) => code);
    const furthest = [...scopes].map(
      ([code, each]) => [code, widest(each.map(([, scope]) => scope)) ?? "own"] as const,
    );
    return new Map(furthest.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What an actor's calls are decided by. Who their colleagues are is looked up only where something depends on it. */
  async heldBy(ctx: Ctx, accountId: string): Promise<HeldRights> {
    const scopes = await this.grantsOfAccount(ctx, accountId);
    const isNarrow = [...scopes.values()].includes("department");
    const colleagueIds = isNarrow ? await colleaguesOf(ctx, accountId) : [];
    return { permissions: new Set(scopes.keys()), scopes, colleagueIds: new Set(colleagueIds) };
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
    return { kind: "account", id: accountId, name: account.displayName, ...(await this.heldBy(ctx, accountId)) };
  }

  /** The accounts that can sign in, the first of them. */
  async everybody(ctx: Ctx, limit: number): Promise<string[]> {
    const accounts = ctx.db.selectFrom("access_account").select("id").where("state", "=", "enabled");
    const rows = await accounts.orderBy("id").limit(limit).execute();
    return rows.map(({ id }) => id);
  }

  /** The accounts that have a permission and can sign in, the first of them. */
  async holdersOf(ctx: Ctx, permission: Permission, limit: number): Promise<string[]> {
    if (permission.isOfPlatform && !(await this.tenants.isPlatform(ctx))) return [];
    const builtIn: readonly string[] = builtInRoles.filter((role) => isGrantedTo(permission, role));
    const codes = grantedBy(permission);
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
    const held: Grants = able === undefined ? new Map() : await this.grantsOfAccount(ctx, able.id);
    if (!held.has(needed.code)) throw forbidden({ permission: needed.code });
    const isNarrow = [...held.values()].some((scope) => scope !== "all");
    return new Grantor(
      held,
      isNarrow ? { id: accountId, departmentIds: await departmentsOf(ctx, accountId) } : undefined,
    );
  }

  /**
   * Whoever could change an account that holds more, or reaches further, than they do would do so too.
   *
   * @throws Fault `access.beyond_own_rights`, `access.beyond_own_departments` at `field`
   */
  async demandOver(ctx: Ctx, grantor: Grantor, accountId: string, field: string): Promise<void> {
    const grants = await this.grantsOfAccount(ctx, accountId);
    grantor.demandHeld(grants, field);
    if (!grantor.isNarrowBeside(accountId)) return;
    grantor.demandNotOwn(grants, field);
    const departmentIds = await departmentsOf(ctx, accountId);
    grantor.demandDepartments(departmentIds.length === 0 ? undefined : departmentIds, field);
  }
}

function grantsAmong({ builtIn, permissions, dataScope }: GrantingRole, grantable: readonly Permission[]): Grants {
  const granted =
    builtIn === null
      ? grantable.filter((each) => grantedBy(each).some((code) => permissions.includes(code)))
      : grantable.filter((permission) => isGrantedTo(permission, builtIn));
  return new Map(granted.map(({ code, isScoped }) => [code, isScoped ? dataScope : "all"]));
}

/** Whoever changes rights, in the transaction in which they do. */
export class Grantor {
  readonly #held: Grants | undefined;
  readonly #narrow: { readonly id: string; readonly departmentIds: ReadonlySet<string> } | undefined;

  /**
   * @param held undefined for the system, which holds everything
   * @param narrow somebody whose own rights are narrowed, and the departments that they may give
   */
  constructor(held: Grants | undefined, narrow?: { readonly id: string; readonly departmentIds: readonly string[] }) {
    this.#held = held;
    this.#narrow = narrow && { id: narrow.id, departmentIds: new Set(narrow.departmentIds) };
  }

  /** Whether it depends on an account's departments if they may change it: not if it is theirs. */
  isNarrowBeside(accountId: string): boolean {
    return this.#narrow !== undefined && this.#narrow.id !== accountId;
  }

  /**
   * What is another's own is never theirs who reach their own.
   *
   * @throws Fault `access.beyond_own_rights` at `field`
   */
  demandNotOwn(grants: Grants, field: string): void {
    const other = [...grants.keys()].find((code) => this.#held?.get(code) === "own");
    if (other !== undefined) throw beyondOwnRights({ permission: other, errors: [{ field }] });
  }

  /**
   * @param given permissions of which each reaches everything, or how far each does
   * @throws Fault `access.beyond_own_rights` at `field`, naming the first permission that they don't hold themselves, or
   *   not as far
   */
  demandHeld(given: readonly string[] | Grants, field: string): void {
    const held = this.#held;
    if (held === undefined) return;
    const grants = given instanceof Map ? (given as Grants) : new Map((given as string[]).map((code) => [code, "all"]));
    const beyond = [...grants].find(([code, scope]) => {
      const own = held.get(code);
      return own === undefined || dataScopes.indexOf(own) < dataScopes.indexOf(scope as DataScope);
    });
    if (beyond !== undefined) throw beyondOwnRights({ permission: beyond[0], errors: [{ field }] });
  }

  /**
   * Whoever sees their departments' things only would see more by joining another, or by moving one below theirs.
   *
   * @param ids undefined for the tree as such
   * @throws Fault `access.beyond_own_departments` at `field`
   */
  demandDepartments(ids: readonly string[] | undefined, field: string): void {
    const own = this.#narrow?.departmentIds;
    if (own === undefined || ids?.every((id) => own.has(id)) === true) return;
    throw beyondOwnDepartments({ errors: [{ field }] });
  }
}
