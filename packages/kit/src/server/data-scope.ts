import type { Permission } from "../contract/permission.ts";

/**
 * How far a permission reaches, each further than the one before: what one owns, also what belongs to one's
 * departments, everything of the tenant.
 */
export const dataScopes = ["own", "department", "all"] as const;
export type DataScope = (typeof dataScopes)[number];

/** What somebody may do, and how far: the part of an actor that rights are decided by. */
export interface Entitled {
  readonly id: string;
  readonly permissions: ReadonlySet<string>;
  /** How far a permission reaches, by its code. One that isn't named reaches everything of the tenant. */
  readonly scopes?: ReadonlyMap<string, DataScope>;
  /** The departments whose things the scope `department` covers: their own, and those that they lead. */
  readonly departmentIds?: ReadonlySet<string>;
}

/** What somebody may be allowed a part of only. What has neither owner nor department is for the scope `all`. */
export interface Resource {
  readonly ownerId?: string | null;
  readonly departmentId?: string | null;
}

/** How far the permission reaches for the actor; undefined if they don't have it. Lists narrow their query by it. */
export function scopeOf(actor: Entitled, { code }: Permission): DataScope | undefined {
  return actor.permissions.has(code) ? (actor.scopes?.get(code) ?? "all") : undefined;
}

/** Whether the actor has the permission, and for the resource if one is given. */
export function reaches(actor: Entitled, permission: Permission, resource?: Resource): boolean {
  const scope = scopeOf(actor, permission);
  if (scope === undefined || scope === "all" || resource === undefined) return scope !== undefined;
  const { ownerId, departmentId } = resource;
  if (ownerId === actor.id) return true;
  return scope === "department" && typeof departmentId === "string" && hasDepartment(actor, departmentId);
}

function hasDepartment({ departmentIds }: Entitled, id: string): boolean {
  return departmentIds?.has(id) ?? false;
}
