import type { Text } from "./text.ts";

/** A right that roles grant and routes ask for. `code` is `<module>:<verb>`. */
export interface Permission {
  readonly code: string;
  readonly text: Text;
}

/** Declares a permission, with the sentence that the role editor shows. */
export function permission(code: `${string}:${string}`, text: Text): Permission {
  return { code, text };
}

/** For routes that need no account: login, set-up, WeChat's callbacks. The house test lists every one of them. */
export const anyone = "anyone";
/** For routes that any signed-in account may call, about itself. */
export const signedIn = "signed-in";

export type Access = Permission | typeof anyone | typeof signedIn;
