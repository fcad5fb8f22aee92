import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { schemaOf } from "@zhanggui/kit/contract/schema";
import { type Setting, type SettingLevel, settingLevels } from "@zhanggui/kit/contract/setting";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { HotValues, placeOf, type SettingVersion } from "./hot-values.ts";
import { type Scope, Scopes } from "./scopes.ts";
import { type settings, settingsRead, unknownSetting } from "./settings.contract.ts";

type View = Out<typeof settings.change>;
type Layer = View["layers"][number];
/** The highest version of each place. */
type Latest = ReadonlyMap<string, SettingVersion>;

const historyShown = 200;

/** What settings there are, what holds, and where it is set. */
@Injectable()
export class SettingsOverview {
  readonly #known: ReadonlyMap<string, Setting<unknown>>;

  constructor(
    { settings }: Declarations,
    private readonly hot: HotValues,
    private readonly scopes: Scopes,
  ) {
    this.#known = new Map(settings.map((setting) => [setting.key, setting]));
  }

  /** @throws Fault `settings.unknown_scope` */
  async list(ctx: Ctx, scope: Flat<typeof settings.list>): Promise<View[]> {
    await this.#demandSight(ctx, scope);
    const latest = await this.#latest(ctx);
    const isTold = await this.scopes.isPlatform(ctx);
    const living = [...this.#known.values()].filter(({ levels }) => isShownAt(levels, scope.level));
    const views = living.map((setting) => this.#view(ctx, setting, scope, latest, isTold));
    return [...views, ...this.#retired(scope, latest)];
  }

  /** One of them, as a change of it answers. */
  async view(ctx: Ctx, setting: Setting<unknown>, scope: Scope): Promise<View> {
    return this.#view(ctx, setting, scope, await this.#latest(ctx, setting.key), await this.scopes.isPlatform(ctx));
  }

  /** @throws Fault `settings.unknown`, `settings.unknown_scope` */
  async history(
    ctx: Ctx,
    { key, ...scope }: Flat<typeof settings.history>,
  ): Promise<Out<typeof settings.history>["items"]> {
    await this.#demandSight(ctx, scope);
    const rows = await ctx.db
      .selectFrom("settings_value")
      .selectAll()
      .where("place", "=", placeOf(key, scope.level, scope.scopeId))
      .orderBy("version", "desc")
      .limit(historyShown)
      .execute();
    // Of one that is retired there is a history, too.
    if (rows.length === 0) this.demand(key);
    const isSecret = this.#known.get(key)?.isSecret ?? false;
    return rows.map((row) => ({ ...row, ...told(row, isSecret) }));
  }

  async #demandSight(ctx: Ctx, scope: Scope): Promise<void> {
    if (scope.level !== "platform") ctx.demand(settingsRead);
    await this.scopes.demand(ctx, scope);
  }

  /** @throws Fault `settings.unknown` */
  demand(key: string): Setting<unknown> {
    const setting = this.#known.get(key);
    if (setting === undefined) throw unknownSetting({ key });
    return setting;
  }

  /** Undefined for one that is declared no more. */
  find(key: string): Setting<unknown> | undefined {
    return this.#known.get(key);
  }

  /** Of the tenant, and what the platform says. */
  async #latest(ctx: Ctx, key?: string): Promise<Latest> {
    let query = ctx.db.selectFrom("settings_value").selectAll().distinctOn("place");
    if (key !== undefined) query = query.where("key", "=", key);
    const own = await query.orderBy("place").orderBy("version", "desc").execute();
    // Those of the tenant that runs the server are the platform's themselves.
    const platform = await this.hot.ofPlatform();
    return new Map([...platform, ...own.map((row) => [row.place, row] as const)]);
  }

  #view(ctx: Ctx, setting: Setting<unknown>, scope: Scope, latest: Latest, isTold: boolean): View {
    const { key, text, help = null, group = null, levels, isSecret = false } = setting;
    const layerOf = (level: SettingLevel, scopeId: string): Layer =>
      this.#layer(ctx, setting, { level, scopeId }, latest, isTold || level !== "platform");
    const layers = settingLevels
      .slice(0, settingLevels.indexOf(scope.level) + 1)
      // Between the tenant and one of its stores: which app that is of, nobody asked.
      .filter((level) => levels.includes(level) && (level === scope.level || level !== "app"))
      .map((level) => layerOf(level, level === scope.level ? scope.scopeId : ""));
    const holding = holds(layers);
    const below = [...latest.values()]
      .filter((row) => row.key === key && row.state === "set" && row.scopeId !== "" && scope.level === "tenant")
      .map(({ scopeKind, scopeId }) => layerOf(scopeKind, scopeId));
    return {
      ...text,
      key,
      help,
      group,
      isSecret,
      levels: [...levels],
      layers,
      below,
      isRetired: false,
      canGenerate: setting.generate !== undefined,
      value: isSecret ? null : (holding?.value ?? setting.default),
      isSet: holding !== undefined,
      from: holding?.level ?? "default",
      isPinned: layers.some(({ isPinned }) => isPinned),
      default: setting.default,
      version: layers.find(({ level }) => level === scope.level)?.version ?? 0,
      schema: { ...schemaOf(setting.schema) },
    };
  }

  #layer(ctx: Ctx, setting: Setting<unknown>, scope: Scope, latest: Latest, isTold: boolean): Layer {
    const row = latest.get(placeOf(setting.key, scope.level, scope.scopeId));
    if (row === undefined) return { ...scope, ...unset };
    const isSet = row.state === "set";
    const isSecret = setting.isSecret ?? false;
    // A secret isn't opened to be looked at.
    const isValid = isSet && (isSecret ? row.valueSealed !== null : this.hot.read(ctx, setting, row) !== undefined);
    return {
      ...scope,
      ...told(row, isSecret),
      isPinned: row.isPinned && isValid,
      isValid: isValid || !isSet,
      version: row.version,
      changedBy: isTold ? row.changedBy : null,
      changedAt: isTold ? row.changedAt : null,
      comment: isTold ? row.comment : "",
    };
  }

  /** What was set and is declared no more: it can still be seen, and does nothing. */
  #retired(scope: Scope, latest: Latest): View[] {
    const at = (row: SettingVersion): boolean => row.scopeKind === scope.level && row.scopeId === scope.scopeId;
    const rows = [...latest.values()].filter((row) => at(row) && row.state === "set" && !this.#known.has(row.key));
    return rows.map((row) => {
      const layer = { ...scope, ...told(row, false), isPinned: false, isValid: true, version: row.version };
      const { key, changedBy, changedAt, comment } = row;
      return {
        key,
        zh: key,
        en: key,
        help: null,
        group: null,
        levels: [scope.level],
        isRetired: true,
        isSecret: row.valueSealed !== null,
        canGenerate: false,
        isPinned: false,
        default: null,
        schema: {},
        value: layer.value,
        isSet: true,
        from: scope.level,
        version: row.version,
        below: [],
        layers: [{ ...layer, changedBy, changedAt, comment }],
      };
    });
  }
}

const unset = {
  value: null,
  isSet: false,
  isPinned: false,
  isValid: true,
  version: 0,
  changedBy: null,
  changedAt: null,
  comment: "",
};

/** What can be set there; of a tenant also what only its apps and stores have. The platform's own is nobody else's. */
function isShownAt(levels: readonly SettingLevel[], at: SettingLevel): boolean {
  return at === "tenant" ? levels.some((level) => level !== "platform") : levels.includes(at);
}

/** What counts of these, the widest first: what the platform has pinned, else the narrowest. */
function holds(layers: readonly Layer[]): Layer | undefined {
  const set = layers.filter(({ isSet, isValid }) => isSet && isValid);
  return set.find(({ isPinned }) => isPinned) ?? set.at(-1);
}

/** A row's value, as far as it may be told. */
function told({ state, value, valueSealed }: SettingVersion, isSecret: boolean) {
  return { value: isSecret || valueSealed !== null ? null : value, isSet: state === "set" };
}
