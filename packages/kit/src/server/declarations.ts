import type { Audited } from "../contract/audited.ts";
import { fieldPermissionsOf } from "../contract/field-rights.ts";
import type { NotificationKind } from "../contract/notification.ts";
import { permissionsOf, type Permission } from "../contract/permission.ts";
import { auditedBy, type Contract } from "../contract/route.ts";
import type { Setting } from "../contract/setting.ts";
import type { ModuleDefinition } from "./module.ts";
import type { Retention } from "./retention.ts";

type DeclaredModule = Pick<ModuleDefinition, "contract" | "settings" | "keeps" | "notifies">;

/** What all modules of this server declare. Services that list or check such things ask for it. */
export class Declarations {
  readonly contracts: readonly Contract[];
  /** Every permission that some route, or a field of one, asks for: what roles can grant. */
  readonly permissions: readonly Permission[];
  /** Those of the retentions too. */
  readonly settings: readonly Setting<unknown>[];
  readonly retentions: readonly Retention[];
  readonly notifications: readonly NotificationKind<unknown>[];
  /** The tables that the audit log follows. */
  readonly audited: Audited;

  /** @throws Error if two settings have one key */
  constructor(
    modules: readonly DeclaredModule[],
    /** The product's. */
    readonly version = "",
  ) {
    const contracts = modules.map(({ contract }) => contract);
    const settings = modules.flatMap((module) => module.settings);
    this.retentions = modules.flatMap(({ keeps }) => keeps);
    this.notifications = modules.flatMap(({ notifies }) => notifies);
    this.audited = Object.assign({}, ...contracts.map(auditedBy));
    this.contracts = contracts;
    const routes = contracts.flatMap((contract) => Object.values(contract));
    const asked = routes.flatMap((route) => [...permissionsOf(route.access), ...fieldPermissionsOf(route)]);
    this.permissions = [...new Map(asked.map((each) => [each.code, each])).values()];
    const twice = settings.find(({ key }, index) => settings.findIndex((each) => each.key === key) !== index);
    if (twice !== undefined) throw new Error(`the setting ${twice.key} is declared twice`);
    this.settings = settings;
  }
}
