import { Injectable } from "@nestjs/common";
import type { Setting, SettingLevel } from "@zhanggui/kit/contract/setting";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { LruMap } from "@zhanggui/kit/server/lru";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { Selectable } from "kysely";
import { settingSecret } from "./settings.sealed.ts";
import type { SettingsTables } from "./settings.tables.ts";

/** Whose settings are asked for, and who says if one of them is of no use. */
export type Asking = Pick<Ctx, "tenantId" | "log">;

/** What a setting became at one place: the highest version is how it is there. */
export type SettingVersion = Selectable<SettingsTables["settings_value"]>;
type SetValues = ReadonlyMap<string, SettingVersion>;

/** Where one setting is set: as its generated column calls it. */
export function placeOf(key: string, level: SettingLevel, scopeId: string): string {
  if (level === "tenant") return key;
  return level === "platform" ? `${key} platform` : `${key} ${level} ${scopeId}`;
}

/** Of as many tenants the values are kept; those that were used least recently go first. */
const tenantsKept = 10_000;
const columns = `tenant_id AS "tenantId", key, place, scope_kind AS "scopeKind", scope_id AS "scopeId", version, state,
  value, value_sealed AS "valueSealed", is_pinned AS "isPinned", changed_by AS "changedBy", changed_at AS "changedAt",
  comment`;

/**
 * What is set, in this process's memory: read once, and again when somebody has changed it, in whatever process. The
 * table's trigger tells (`kit/server/told.ts`); while the database is away, what is known holds.
 */
@Injectable()
export class HotValues {
  readonly #tenants = new LruMap<string, Promise<SetValues>>(tenantsKept);
  #platform: Promise<SetValues> | undefined;
  /** What a stored value is by a schema: parsed once, not at each use. */
  readonly #parsed = new WeakMap<SettingVersion, { readonly by: Setting<unknown>; readonly value: unknown }>();

  constructor(private readonly runtime: Runtime) {
    runtime.told.on("settings", {
      hear: (whose) => this.forget(whose),
      missed: () => {
        this.#tenants.clear();
        this.#platform = undefined;
      },
    });
  }

  /** What is known of a tenant, or of the `platform`, is no longer so. */
  forget(whose: string): void {
    if (whose === "platform") this.#platform = undefined;
    else this.#tenants.delete(whose);
  }

  /** What is set by a tenant, at all of its places. */
  ofTenant(tenantId: string): Promise<SetValues> {
    const known = this.#tenants.get(tenantId);
    this.runtime.caches.count("settings.values", known === undefined ? "miss" : "hit");
    if (known !== undefined) return known;
    const reading = this.#read(
      `SELECT DISTINCT ON (place) ${columns} FROM settings_value
       WHERE tenant_id = $1 AND scope_kind <> 'platform' ORDER BY place, version DESC`,
      [tenantId],
    );
    this.#tenants.set(tenantId, reading);
    reading.catch(() => this.#tenants.deleteIf(tenantId, reading));
    return reading;
  }

  /** What is set for all tenants. */
  ofPlatform(): Promise<SetValues> {
    if (this.#platform !== undefined) return this.#platform;
    const reading = this.#read(
      `SELECT DISTINCT ON (place) ${columns} FROM settings_value
       WHERE scope_kind = 'platform' ORDER BY place, version DESC`,
      [],
    );
    this.#platform = reading;
    reading.catch(() => {
      if (this.#platform === reading) this.#platform = undefined;
    });
    return reading;
  }

  /** What it is by the setting's schema; undefined for what that no longer takes, which the log is told once. */
  read<Value>(asking: Pick<Ctx, "log">, setting: Setting<Value>, set: SettingVersion): Value | undefined {
    const known = this.#parsed.get(set);
    if (known?.by === setting) return known.value as Value | undefined;
    const parsed = setting.schema.safeParse(this.#opened(setting, set));
    const { place, version } = set;
    if (!parsed.success) asking.log.warn({ setting: place, version }, "the stored setting is no longer valid");
    // A secret is opened at each use: in memory, too, it lies sealed.
    if (!setting.isSecret || !parsed.success) this.#parsed.set(set, { by: setting, value: parsed.data });
    return parsed.data;
  }

  /** Undefined for what became a secret, or is one no longer: neither is what the setting says it is. */
  #opened(setting: Setting<unknown>, { tenantId, place, value, valueSealed }: SettingVersion): unknown {
    if ((setting.isSecret ?? false) !== (valueSealed !== null)) return undefined;
    if (valueSealed === null) return value;
    return this.runtime.secrets.open(valueSealed, settingSecret.context({ tenant_id: tenantId, place }));
  }

  async #read(text: string, values: readonly unknown[]): Promise<SetValues> {
    const rows = await this.runtime.hotQuery<SettingVersion>(text, values);
    return new Map(rows.filter(({ state }) => state === "set").map((row) => [row.place, row]));
  }
}
