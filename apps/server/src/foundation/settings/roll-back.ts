import { Injectable } from "@nestjs/common";
import { conflict } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { isSameJson } from "@zhanggui/forms/values";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { HotValues, type SettingVersion } from "./hot-values.ts";
import { SettingsOverview } from "./overview.ts";
import { Scopes } from "./scopes.ts";
import { settingsWrite, type settings } from "./settings.contract.ts";
import { cleared, lockSettings, type Next, SettingVersions } from "./versions.ts";

type Reply = Out<typeof settings.rollAllBack>;
interface Step {
  readonly told: Reply["items"][number];
  readonly now: SettingVersion;
  readonly back: Next;
}

/** Puts all settings back to what they were at a moment. */
@Injectable()
export class SettingsRollBack {
  constructor(
    private readonly versions: SettingVersions,
    private readonly overview: SettingsOverview,
    private readonly scopes: Scopes,
    private readonly hot: HotValues,
  ) {}

  /**
   * Of the tenant that is all it has set, for its apps and stores, too. What nothing reads any more, what a setting no
   * longer takes, and what the platform has pinned, stays and says so.
   *
   * @throws Fault `kit.conflict` if something was changed since the preview that `revision` is of
   */
  async run(ctx: Ctx, asked: Flat<typeof settings.rollAllBack>): Promise<Reply> {
    if (asked.of === "tenant") ctx.demand(settingsWrite);
    else await this.scopes.demand(ctx, { level: "platform", scopeId: "" });
    if (asked.preview) {
      const { steps, revision } = await this.#steps(ctx, asked);
      return { items: steps.map(({ told }) => told), revision };
    }
    const done = await ctx.tx(async (ctx) => {
      await lockSettings(ctx);
      const { steps, revision } = await this.#steps(ctx, asked);
      if (asked.revision !== revision) throw conflict({ errors: [{ field: "at" }] });
      const { comment } = asked;
      for (const { told, now, back } of steps) {
        if (told.stays !== null) continue;
        const { scopeKind: level, scopeId, version } = now;
        await this.versions.add(ctx, { setting: now, level, scopeId, version, comment }, back);
      }
      return { items: steps.map(({ told }) => told), revision: await this.#revision(ctx, asked) };
    });
    this.versions.forget(ctx, { level: asked.of });
    return done;
  }

  async #steps(ctx: Ctx, asked: Flat<typeof settings.rollAllBack>): Promise<{ steps: Step[]; revision: number }> {
    const revision = await this.#revision(ctx, asked);
    const [now, then] = [await this.#latest(ctx, asked.of), await this.#latest(ctx, asked.of, new Date(asked.at))];
    const steps = [...now.values()].map((row) => this.#step(ctx, row, then.get(row.place)));
    return { steps: (await Promise.all(steps)).filter((step) => step !== undefined), revision };
  }

  async #step(ctx: Ctx, now: SettingVersion, then: SettingVersion | undefined): Promise<Step | undefined> {
    const { state, value, valueSealed, isPinned } = then ?? cleared;
    const next = { state, value, valueSealed, isPinned };
    if (then?.version === now.version || isSameJson(next, contentOf(now))) return undefined;
    const setting = this.overview.find(now.key);
    const isSecret = setting?.isSecret ?? (now.valueSealed !== null || valueSealed !== null);
    const { key, scopeKind: level, scopeId } = now;
    const told = {
      ...(setting?.text ?? { zh: key, en: key }),
      key,
      level,
      scopeId,
      isSecret,
      before: isSecret ? null : now.value,
      isSetBefore: now.state === "set",
      after: isSecret ? null : value,
      isSetAfter: state === "set",
      stays: await this.#stays(ctx, now, then),
    };
    return { told, now, back: next };
  }

  async #stays(ctx: Ctx, now: SettingVersion, then: SettingVersion | undefined): Promise<Step["told"]["stays"]> {
    const setting = this.overview.find(now.key);
    if (setting === undefined || !setting.levels.includes(now.scopeKind)) return "retired";
    if (then === undefined || then.state === "cleared") return null;
    if (now.scopeKind !== "platform" && (await this.versions.isPinned(ctx, setting))) return "pinned";
    return this.hot.read(ctx, setting, then) === undefined ? "invalid" : null;
  }

  /** How each place was, at a moment or now. */
  async #latest(ctx: Ctx, of: "tenant" | "platform", at?: Date): Promise<ReadonlyMap<string, SettingVersion>> {
    let query = ctx.db.selectFrom("settings_value").selectAll().distinctOn("place");
    query = query.where("scopeKind", of === "platform" ? "=" : "!=", "platform");
    if (at !== undefined) query = query.where("changedAt", "<=", at);
    const rows = await query.orderBy("place").orderBy("version", "desc").execute();
    return new Map(rows.map((row) => [row.place, row]));
  }

  /** How often something was changed: rows are only ever added. */
  async #revision(ctx: Ctx, { of }: Pick<Flat<typeof settings.rollAllBack>, "of">): Promise<number> {
    const { count } = await ctx.db
      .selectFrom("settings_value")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("scopeKind", of === "platform" ? "=" : "!=", "platform")
      .executeTakeFirstOrThrow();
    return count;
  }
}

function contentOf({ state, value, valueSealed, isPinned }: SettingVersion): Next {
  return { state, value, valueSealed, isPinned };
}
