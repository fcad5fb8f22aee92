import { Injectable } from "@nestjs/common";
import { conflict, notFound } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Setting } from "@zhanggui/kit/contract/setting";
import { bilingual } from "@zhanggui/kit/contract/text";
import { parseInBoth } from "@zhanggui/kit/server/bilingual-parse";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { extensionPoint, Extensions } from "@zhanggui/kit/server/extensions";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { HotValues, placeOf, type SettingVersion } from "./hot-values.ts";
import { SettingsOverview } from "./overview.ts";
import { type Scope, Scopes } from "./scopes.ts";
import { badValue, notAtLevel, notGenerated, pinned, settingsWrite, type settings } from "./settings.contract.ts";
import { settingChanged } from "./settings.events.ts";
import { settingSecret } from "./settings.sealed.ts";

type View = Out<typeof settings.change>;
/** What somebody wants, and the version of the place that they have seen. */
export interface Change extends Scope {
  readonly setting: Pick<Setting<unknown>, "key">;
  readonly version: number;
  readonly comment: string;
}
/** What becomes of a place. */
export type Next = Pick<SettingVersion, "state" | "value" | "valueSealed" | "isPinned">;

export const cleared: Next = { state: "cleared", value: null, valueSealed: null, isPinned: false };

/**
 * For modules that ask more of whoever changes a setting of theirs than the right to: called in the transaction with
 * what becomes of it at the place, and throws a fault of the settings' routes.
 */
export const settingGuard = extensionPoint<{
  readonly setting: Pick<Setting<unknown>, "key">;
  demand(ctx: TxCtx, value: unknown): Promise<void>;
}>("settings.guard");

/** Changes of settings: each is a row more, and none is ever taken away. */
@Injectable()
export class SettingVersions {
  constructor(
    private readonly overview: SettingsOverview,
    private readonly scopes: Scopes,
    private readonly hot: HotValues,
    private readonly runtime: Runtime,
    private readonly extensions: Extensions,
  ) {}

  /**
   * @throws Fault `settings.unknown`, `settings.unknown_scope`, `settings.not_at_level`, `settings.pinned`,
   *   `settings.bad_value`; `kit.conflict` if `version` is no longer the current one
   */
  async change(ctx: Ctx, { key, value, isPinned, ...asked }: Flat<typeof settings.change>): Promise<View> {
    const setting = await this.#demand(ctx, key, asked);
    if (isPinned && asked.level !== "platform") throw notAtLevel({ key, errors: [{ field: "isPinned" }] });
    const next = this.#next(ctx, setting, asked, this.#parsed(setting, value));
    return this.#add(ctx, { ...asked, setting }, { ...next, isPinned });
  }

  /** @throws Fault as `change`, but that what is pinned may be cleared further down */
  async clear(ctx: Ctx, { key, ...asked }: Flat<typeof settings.clear>): Promise<View> {
    const setting = await this.#demand(ctx, key, asked, { evenIfPinned: true });
    return this.#add(ctx, { ...asked, setting }, cleared);
  }

  /** @throws Fault as `change`, and `settings.not_generated` */
  async generate(ctx: Ctx, { key, ...asked }: Flat<typeof settings.generate>): Promise<Out<typeof settings.generate>> {
    const setting = await this.#demand(ctx, key, asked);
    const secret = setting.generate?.();
    if (secret === undefined) throw notGenerated({ key });
    const next = this.#next(ctx, setting, asked, this.#parsed(setting, secret));
    // Whoever makes the next one says nothing of a pin: it stays as it was.
    const before = await this.#version(ctx, placeOf(key, asked.level, asked.scopeId), asked.version);
    const isPinned = before?.isPinned ?? false;
    return { setting: await this.#add(ctx, { ...asked, setting }, { ...next, isPinned }), secret };
  }

  /** @throws Fault as `change`; `kit.not_found` for a version that this place never had */
  async rollBack(ctx: Ctx, { key, to, ...asked }: Flat<typeof settings.rollBack>): Promise<View> {
    const setting = await this.#demand(ctx, key, asked);
    // Before the first version nothing was set.
    if (to === 0) return this.#add(ctx, { ...asked, setting }, cleared);
    const past = await this.#version(ctx, placeOf(key, asked.level, asked.scopeId), to);
    if (past === undefined) throw notFound({ errors: [{ field: "to" }] });
    if (past.state === "set" && this.hot.read(ctx, setting, past) === undefined) {
      // What was allowed then isn't any more; or it was, and lies in the open where a seal is wanted.
      this.#parsed(setting, past.value, "to");
      const reason = bilingual({
        zh: "此后它改成了密钥，或不再是密钥",
        en: "it has become a secret since, or is one no longer",
      });
      throw badValue({ key, reason, errors: [{ field: "to", message: reason }] });
    }
    const { state, value, valueSealed, isPinned } = past;
    return this.#add(ctx, { ...asked, setting }, { state, value, valueSealed, isPinned });
  }

  /** That whoever asks may change this setting there. */
  async #demand(ctx: Ctx, key: string, scope: Scope, { evenIfPinned = false } = {}): Promise<Setting<unknown>> {
    const { level } = scope;
    const setting = this.overview.demand(key);
    if (level !== "platform") ctx.demand(settingsWrite);
    await this.scopes.demand(ctx, scope);
    if (!setting.levels.includes(level)) throw notAtLevel({ key });
    if (level !== "platform" && !evenIfPinned && (await this.isPinned(ctx, setting)))
      throw pinned({ key, errors: [{ field: "value" }] });
    return setting;
  }

  /** Whether what tenants say doesn't count. */
  async isPinned(ctx: Ctx, setting: Setting<unknown>): Promise<boolean> {
    if (!setting.levels.includes("platform")) return false;
    const set = (await this.hot.ofPlatform()).get(placeOf(setting.key, "platform", ""));
    return set?.isPinned === true && this.hot.read(ctx, setting, set) !== undefined;
  }

  /** @throws Fault `settings.bad_value`, whose sentences tell nothing of a secret */
  #parsed(setting: Setting<unknown>, value: unknown, field = "value"): unknown {
    const { key, isSecret } = setting;
    const parsed = parseInBoth(setting.schema, value, field);
    if (parsed.success) return parsed.data;
    const hide = (message: string): string =>
      isSecret && typeof value === "string" && value !== "" ? message.replaceAll(value, "…") : message;
    const errors = parsed.errors.map(({ message, ...where }) => ({ ...where, message: hide(message) }));
    throw badValue({ key, reason: errors[0]?.message, errors });
  }

  #next({ tenantId }: Ctx, setting: Setting<unknown>, { level, scopeId }: Scope, value: unknown): Next {
    const next = { state: "set", value, valueSealed: null, isPinned: false } as const;
    if (!setting.isSecret) return next;
    const context = settingSecret.context({ tenant_id: tenantId, place: placeOf(setting.key, level, scopeId) });
    return { ...next, value: null, valueSealed: this.runtime.secrets.seal(String(value), context) };
  }

  async #add(ctx: Ctx, change: Change & { readonly setting: Setting<unknown> }, next: Next): Promise<View> {
    await ctx.tx(async (ctx) => {
      await lockSettings(ctx);
      await this.add(ctx, change, next);
    });
    // Whoever has changed it needn't wait until it is told.
    this.forget(ctx, change);
    return this.overview.view(ctx, change.setting, change);
  }

  forget({ tenantId }: Ctx, { level }: Pick<Scope, "level">): void {
    this.hot.forget(level === "platform" ? "platform" : tenantId);
  }

  /**
   * Adds a version, in a transaction that holds the settings.
   *
   * @throws Fault `kit.conflict` if `version` is no longer the current one there; that of a `settingGuard`
   */
  async add(ctx: TxCtx, { setting: { key }, level, scopeId, version, comment }: Change, next: Next): Promise<void> {
    const refused = conflict({ errors: [{ field: "value" }] });
    for (const { value: guard } of this.extensions.of(settingGuard))
      if (guard.setting.key === key && next.state === "set") await guard.demand(ctx, next.value);
    const [current, last] = await Promise.all([
      this.#highest(ctx, "place", placeOf(key, level, scopeId)),
      this.#highest(ctx, "key", key),
    ]);
    if (current !== version) throw refused;
    const added = await ctx.db
      .insertInto("settings_value")
      .values({
        key,
        scopeKind: level,
        scopeId,
        version: last + 1,
        comment,
        ...next,
        value: JSON.stringify(next.value),
        changedBy: ctx.actor.id,
        changedAt: ctx.now(),
      })
      // A server of before doesn't hold the settings: of two at once the key lets one through.
      .onConflict((on) => on.doNothing())
      .returning("version")
      .executeTakeFirst();
    if (added === undefined) throw refused;
    await ctx.emit(settingChanged, { key, version: added.version, level, scopeId });
  }

  async #highest(ctx: Ctx, column: "place" | "key", value: string): Promise<number> {
    const rows = ctx.db.selectFrom("settings_value").select("version").where(column, "=", value);
    return (await rows.orderBy("version", "desc").limit(1).executeTakeFirst())?.version ?? 0;
  }

  /** Undefined for one that was never there. */
  #version(ctx: Ctx, place: string, version: number): Promise<SettingVersion | undefined> {
    return ctx.db
      .selectFrom("settings_value")
      .selectAll()
      .where("place", "=", place)
      .where("version", "=", version)
      .executeTakeFirst();
  }
}

/** One after the other: changes are few, and a roll-back of all is about all of them. */
export async function lockSettings(ctx: TxCtx): Promise<void> {
  await ctx.lock("settings", "versions");
}
