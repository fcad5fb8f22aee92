import { beyondOwnRights, type Role as RoleSchema } from "@zhanggui/server/foundation/access/roles.contract";
import { fill } from "@zhanggui/kit/contract/text";
import type { z } from "zod";
import { language } from "../common/language.ts";

export type Role = z.output<typeof RoleSchema>;

/** Why somebody who holds `held` can't grant or change what has these permissions; empty if they can. */
export function whyBeyond(permissions: readonly string[], held: readonly string[]): string {
  const beyond = permissions.find((code) => !held.includes(code));
  return beyond === undefined ? "" : fill(beyondOwnRights.text[language.value], { permission: beyond });
}

/** Permissions of one module stand together: `audience:read` beside `audience:write`. */
export function byModule<Right extends { readonly code: string }>(rights: readonly Right[]): readonly Right[][] {
  return [...Map.groupBy(rights, ({ code }) => code.split(":")[0]).values()];
}
