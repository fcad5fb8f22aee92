import type { LocalizedText } from "./text.ts";

/** The roles that every tenant has. `owner` may do everything; what the others may do stands with each permission. */
export const builtInRoles = ["owner", "operator", "finance", "reviewer", "developer"] as const;
export type BuiltInRole = (typeof builtInRoles)[number];

/** A right that roles grant and routes ask for. `code` is `<module>:<verb>`. */
export interface Permission {
  readonly code: string;
  readonly text: LocalizedText;
  /** The built-in roles that have it, besides the owner. */
  readonly grantedTo: readonly BuiltInRole[];
}

/** Declares a permission, with the sentence that the role editor shows. */
export function permission(
  code: `${string}:${string}`,
  text: LocalizedText,
  grantedTo: readonly BuiltInRole[],
): Permission {
  return { code, text, grantedTo };
}

/** For routes that need no account: login, set-up, WeChat's callbacks. A test lists every one of them. */
export const publicAccess = "public";
/** For routes that any signed-in account may call, about itself. */
export const authenticated = "authenticated";

export type Access = Permission | typeof publicAccess | typeof authenticated;
