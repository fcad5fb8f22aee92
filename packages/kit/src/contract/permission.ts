import type { LocalizedText } from "./text.ts";

/** The roles that every tenant has. `owner` may do everything; what the others may do stands with each permission. */
export const builtInRoles = ["owner", "operator", "finance", "reviewer", "developer"] as const;
export type BuiltInRole = (typeof builtInRoles)[number];

/** Roles that every tenant begins with, and may change or delete. What they may do stands with each permission, too. */
export const firstRoles = [
  "business_owner",
  "department_head",
  "product_operator",
  "process_manager",
  "process_operator",
] as const;
export type FirstRole = (typeof firstRoles)[number];
export type KnownRole = BuiltInRole | FirstRole;

/** Those that may do whatever certain others may, besides what names them. */
const alsoAs: Partial<Readonly<Record<KnownRole, readonly KnownRole[]>>> = {
  business_owner: ["operator", "finance", "reviewer"],
  department_head: ["operator", "reviewer"],
  product_operator: ["operator"],
  process_manager: ["process_operator"],
};

/** Whether a role that is known here has the permission. */
export function isGrantedTo({ grantedTo }: Permission, role: KnownRole): boolean {
  return role === "owner" || [role, ...(alsoAs[role] ?? [])].some((each) => grantedTo.includes(each));
}

/** A right that roles grant and routes ask for. `code` is `<module>:<verb>`. */
export interface Permission {
  readonly code: string;
  readonly text: LocalizedText;
  /** The roles that have it, besides the owner. */
  readonly grantedTo: readonly KnownRole[];
  /** What it is about has an owner each: a role may narrow it to one's own things, or to those of one's departments. */
  readonly isScoped?: true;
  /** Whoever holds it could harm the business as a whole: more may be asked of their sign-in. */
  readonly isWeighty?: true;
  /**
   * It reaches over all tenants: only the tenant that runs the server (the one its set-up made) can hold it. To others
   * it isn't there, whatever their roles say.
   */
  readonly isOfPlatform?: true;
}

/**
 * How far a permission reaches, each further than the one before: what one owns, also what others of one's departments
 * own, everything of the tenant.
 */
export const dataScopes = ["own", "department", "all"] as const;
export type DataScope = (typeof dataScopes)[number];

/** Declares a permission, with the sentence that the role editor shows. */
export function permission(
  code: `${string}:${string}`,
  text: LocalizedText,
  grantedTo: readonly KnownRole[],
  { isScoped, isWeighty }: { readonly isScoped?: true; readonly isWeighty?: true } = {},
): Permission {
  return { code, text, grantedTo, ...(isScoped && { isScoped }), ...(isWeighty && { isWeighty }) };
}

/** The same for what is the whole server's business: only the tenant that runs it can hold it. */
export function platformPermission(...declared: Parameters<typeof permission>): Permission {
  return { ...permission(...declared), isOfPlatform: true };
}

/** For routes that need no account: login, set-up, WeChat's callbacks. A test lists every one of them. */
export const publicAccess = "public";
/** For routes that any signed-in account may call, about itself. */
export const authenticated = "authenticated";
/**
 * For routes of a business's own customers, about themselves: whoever came in by `engines/customers`. No account of the
 * console and no API key is let in there, and no customer anywhere else.
 */
export const customerAccess = "customer";

/** Several permissions, each of which is enough. */
export interface AnyOf {
  readonly anyOf: readonly [Permission, Permission, ...Permission[]];
}

/** For routes that serve more than one kind of work: whoever has one of these permissions may call. */
export function anyOf(...permissions: AnyOf["anyOf"]): AnyOf {
  return { anyOf: permissions };
}

export type Access = Permission | AnyOf | typeof publicAccess | typeof authenticated | typeof customerAccess;

/** The permissions that a route asks for, one of which is enough; none for public and merely signed-in ones. */
export function permissionsOf(access: Access): readonly Permission[] {
  if (typeof access === "string") return [];
  return "anyOf" in access ? access.anyOf : [access];
}
