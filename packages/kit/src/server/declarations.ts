import { permissionsOf, type Permission } from "../contract/permission.ts";
import type { Contract } from "../contract/route.ts";
import type { Setting } from "../contract/setting.ts";

/** What all modules of this server declare. Services that list or check such things ask for it. */
export class Declarations {
  readonly contracts: readonly Contract[];
  /** Every permission that some route asks for: what roles can grant. */
  readonly permissions: readonly Permission[];
  readonly settings: readonly Setting<unknown>[];

  /** @throws Error if two settings have one key */
  constructor(contracts: readonly Contract[], settings: readonly Setting<unknown>[]) {
    this.contracts = contracts;
    const routes = contracts.flatMap((contract) => Object.values(contract));
    const asked = routes.flatMap(({ access }) => permissionsOf(access));
    this.permissions = [...new Map(asked.map((each) => [each.code, each])).values()];
    const twice = settings.find(({ key }, index) => settings.findIndex((each) => each.key === key) !== index);
    if (twice !== undefined) throw new Error(`the setting ${twice.key} is declared twice`);
    this.settings = settings;
  }
}
