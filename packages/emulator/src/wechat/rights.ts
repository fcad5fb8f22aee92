import type { Account, AccountKind } from "../world/model.ts";

type Need = "all" | "verified" | "none";

/**
 * What each kind of account may call. Source: "接口权限说明", doc/offiaccount/Getting_Started/
 * Explanation_of_interface_privileges (copies of 2019-03 and 2023-11); 48001 otherwise.
 */
const table = {
  menu: { service: "all", subscription: "verified", miniprogram: "none" },
  customMessages: { service: "verified", subscription: "verified", miniprogram: "all" },
  templates: { service: "verified", subscription: "none", miniprogram: "none" },
  users: { service: "verified", subscription: "verified", miniprogram: "none" },
  qrcodes: { service: "verified", subscription: "none", miniprogram: "none" },
  media: { service: "verified", subscription: "verified", miniprogram: "all" },
  material: { service: "verified", subscription: "verified", miniprogram: "none" },
  mass: { service: "verified", subscription: "verified", miniprogram: "none" },
  oauth: { service: "verified", subscription: "none", miniprogram: "none" },
  massByOpenid: { service: "verified", subscription: "none", miniprogram: "none" },
  miniProgram: { service: "none", subscription: "none", miniprogram: "all" },
} as const satisfies Record<string, Record<AccountKind, Need>>;

export type Rights = keyof typeof table;

/** Who may, in words for the table of rules. */
export function rightsOf(right: Rights): Readonly<Record<AccountKind, Need>> {
  return table[right];
}

export function mayCall(account: Account, right: Rights): boolean {
  const needed: Need = table[right][account.kind];
  return needed === "all" || (needed === "verified" && account.isVerified);
}
