import { authenticated, publicAccess, type BuiltInRole, type Permission } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";

/** Every permission that some route asks for: what roles can grant. Built from all contracts when the server starts. */
export class PermissionCatalogue {
  readonly all: readonly Permission[];
  readonly #codes: ReadonlySet<string>;

  constructor(contracts: readonly Contract[]) {
    const asked = contracts
      .flatMap((contract) => Object.values(contract))
      .map((route) => route.access)
      .filter((access) => access !== publicAccess && access !== authenticated);
    this.all = [...new Map(asked.map((permission) => [permission.code, permission])).values()];
    this.#codes = new Set(this.all.map(({ code }) => code));
  }

  has(code: string): boolean {
    return this.#codes.has(code);
  }

  of(role: BuiltInRole): string[] {
    return this.all.filter(({ grantedTo }) => role === "owner" || grantedTo.includes(role)).map(({ code }) => code);
  }
}
