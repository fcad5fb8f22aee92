import { Injectable } from "@nestjs/common";
import type { BuiltInRole, Permission } from "@zhanggui/kit/contract/permission";
import { Declarations } from "@zhanggui/kit/server/declarations";

/** Every permission that some route asks for: what roles can grant. */
@Injectable()
export class PermissionCatalogue {
  readonly all: readonly Permission[];
  readonly #codes: ReadonlySet<string>;

  constructor({ permissions }: Declarations) {
    this.all = permissions;
    this.#codes = new Set(permissions.map(({ code }) => code));
  }

  has(code: string): boolean {
    return this.#codes.has(code);
  }

  of(role: BuiltInRole): string[] {
    return this.all.filter(({ grantedTo }) => role === "owner" || grantedTo.includes(role)).map(({ code }) => code);
  }
}
