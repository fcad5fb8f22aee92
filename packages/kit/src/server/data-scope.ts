import { type Expression, expressionBuilder, sql, type SqlBool } from "kysely";
import { type Access, type DataScope, dataScopes, type Permission, permissionsOf } from "../contract/permission.ts";

/** What somebody may do, and how far: the part of an actor that rights are decided by. */
export interface Entitled {
  readonly id: string;
  readonly permissions: ReadonlySet<string>;
  /** How far a permission reaches, by its code. One that isn't named reaches everything of the tenant. */
  readonly scopes?: ReadonlyMap<string, DataScope>;
  /** The accounts whose things the scope `department` covers: those of their departments, and of all below. */
  readonly colleagueIds?: ReadonlySet<string>;
}

/**
 * What somebody may be allowed a part of only. It goes where its owner goes: the department is the owner's. What has no
 * owner is for the scope `all`.
 */
export interface Resource {
  readonly ownerId?: string | null;
}

/** How far the permission reaches for the actor; undefined if they don't have it. */
export function scopeOf(actor: Entitled, { code }: Permission): DataScope | undefined {
  return actor.permissions.has(code) ? (actor.scopes?.get(code) ?? "all") : undefined;
}

/** Whether the actor has the permission, and for the resource if one is given. */
export function reaches(actor: Entitled, permission: Permission, resource?: Resource): boolean {
  const scope = scopeOf(actor, permission);
  if (scope === undefined || scope === "all" || resource === undefined) return scope !== undefined;
  const { ownerId } = resource;
  return typeof ownerId === "string" && ownersIn(actor, scope).includes(ownerId);
}

/**
 * Which rows a permission reaches, as a condition on the column that names their owner: what every query of owned rows
 * is narrowed by that isn't `listOf`'s or `bulkOf`'s, which do so by themselves.
 *
 * @param access a permission, or several of which the one that reaches furthest counts
 */
export function within(actor: Entitled, access: Access, ownerColumn: string): Expression<SqlBool> {
  const scope = scopeFor(actor, access);
  if (scope === undefined || scope === "all") return expressionBuilder<object, never>().lit(scope === "all");
  return sql<SqlBool>`${sql.ref(ownerColumn)} = ANY (${ownersIn(actor, scope)}::uuid[])`;
}

/** How far somebody reaches by a route: by the permission of it that reaches furthest. */
export function scopeFor(actor: Entitled, access: Access): DataScope | undefined {
  return widest(permissionsOf(access).flatMap((permission) => scopeOf(actor, permission) ?? []));
}

/** Of several the one that reaches furthest. */
export function widest(scopes: readonly DataScope[]): DataScope | undefined {
  return dataScopes.findLast((scope) => scopes.includes(scope));
}

function ownersIn({ id, colleagueIds = new Set() }: Entitled, scope: DataScope): string[] {
  return scope === "own" ? [id] : [id, ...colleagueIds];
}
