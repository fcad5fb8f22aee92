import { Injectable } from "@nestjs/common";
import type { Setting, SettingLevel } from "@zhanggui/kit/contract/setting";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { type Asking, HotValues, placeOf, type SettingVersion } from "./hot-values.ts";

/** For which app, for which store: left out, what holds for the tenant. */
export interface Where {
  readonly appId?: string | undefined;
  readonly storeId?: string | undefined;
}

/** Typed values that people change without a restart. Modules declare theirs. */
@Injectable()
export class SettingsService {
  readonly #known: ReadonlySet<string>;

  constructor(
    { settings }: Declarations,
    private readonly hot: HotValues,
  ) {
    this.#known = new Set(settings.map(({ key }) => key));
  }

  /**
   * The value that holds now, from memory: what the store says, else the app, the tenant, the platform, the code; but
   * first what the platform has pinned. A stored value that the schema no longer takes (it was narrowed since) counts
   * as unset, and the log says so. What a transaction has changed itself holds once it is committed.
   *
   * @throws Error for a setting that is in no module's `settings`: nobody could change it
   */
  async get<Value>(asking: Asking, setting: Setting<Value>, where: Where = {}): Promise<Value> {
    return (await this.held(asking, setting, where)).value;
  }

  /** The same with when that was set; null for what the code says. */
  async held<Value>(
    asking: Asking,
    setting: Setting<Value>,
    where: Where = {},
  ): Promise<{ value: Value; setAt: Date | null }> {
    if (!this.#known.has(setting.key)) throw new Error(`no module of this server declares the setting ${setting.key}`);
    const [platform, own] = await Promise.all([this.hot.ofPlatform(), this.hot.ofTenant(asking.tenantId)]);
    const ofAll = setting.levels.includes("platform") ? platform.get(placeOf(setting.key, "platform", "")) : undefined;
    for (const set of [ofAll?.isPinned ? ofAll : undefined, ...setOf(setting, where, own), ofAll]) {
      const value = set === undefined ? undefined : this.hot.read(asking, setting, set);
      if (set !== undefined && value !== undefined) return { value, setAt: set.changedAt };
    }
    return { value: setting.default, setAt: null };
  }

  /** The value for a setting of the platform alone: of no tenant. */
  async ofPlatform<Value>(asking: Pick<Asking, "log">, setting: Setting<Value>): Promise<Value> {
    const set = (await this.hot.ofPlatform()).get(placeOf(setting.key, "platform", ""));
    const value = set === undefined ? undefined : this.hot.read(asking, setting, set);
    return value ?? setting.default;
  }
}

/** What a tenant has set, that which counts most first. What the setting can't be set at doesn't count. */
function setOf(
  { key, levels }: Setting<unknown>,
  { storeId, appId }: Where,
  own: ReadonlyMap<string, SettingVersion>,
): (SettingVersion | undefined)[] {
  const at = (level: SettingLevel, id: string | undefined): SettingVersion | undefined =>
    id !== undefined && levels.includes(level) ? own.get(placeOf(key, level, id)) : undefined;
  return [at("store", storeId), at("app", appId), at("tenant", "")];
}
