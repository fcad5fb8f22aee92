import { Injectable } from "@nestjs/common";
import { conflict } from "@zhanggui/kit/contract/faults";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { Setting } from "@zhanggui/kit/contract/setting";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { z } from "zod";
import { badValue, type settings, unknownSetting } from "./settings.contract.ts";
import { settingChanged } from "./settings.events.ts";

type View = Out<typeof settings.change>;
interface Stored {
  readonly value: unknown;
  readonly version: number;
}

/** Typed values that a tenant changes without a restart. Modules declare theirs. */
@Injectable()
export class SettingsService {
  readonly #known: ReadonlyMap<string, Setting<unknown>>;

  constructor({ settings }: Declarations) {
    this.#known = new Map(settings.map((setting) => [setting.key, setting]));
  }

  /**
   * The value that holds now. A stored value that the schema no longer takes (it was narrowed since) counts as unset,
   * and the log says so.
   *
   * @throws Error for a setting that is in no module's `settings`: nobody could change it
   */
  async get<Value>(ctx: Ctx, setting: Setting<Value>): Promise<Value> {
    if (!this.#known.has(setting.key)) throw new Error(`no module of this server declares the setting ${setting.key}`);
    const stored = (await this.#stored(ctx, setting.key))[0];
    if (stored === undefined) return setting.default;
    const parsed = setting.schema.safeParse(stored.value);
    if (parsed.success) return parsed.data;
    ctx.log.warn({ setting: setting.key, version: stored.version }, "the stored setting is no longer valid");
    return setting.default;
  }

  async list(ctx: Ctx): Promise<View[]> {
    const rows = await ctx.db
      .selectFrom("settings_value")
      .select(["key", "value", "version"])
      .distinctOn("key")
      .orderBy("key")
      .orderBy("version", "desc")
      .execute();
    const stored = new Map(rows.map((row) => [row.key, row]));
    return [...this.#known.values()]
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map((setting) => view(setting, stored.get(setting.key)));
  }

  /**
   * @throws Fault `settings.unknown`, `settings.bad_value`, `kit.conflict` if `version` is no longer the current one
   */
  async change(ctx: Ctx, { key, value, version }: Flat<typeof settings.change>): Promise<View> {
    const setting = this.#demand(key);
    const parsed = setting.schema.safeParse(value);
    if (!parsed.success) throw badValue({ key, reason: z.prettifyError(parsed.error), errors: [{ field: "value" }] });
    return ctx.tx(async (ctx) => {
      const current = (await this.#stored(ctx, key))[0]?.version ?? 0;
      if (current !== version) throw conflict();
      const row = { key, version: version + 1, value: parsed.data };
      await ctx.db
        .insertInto("settings_value")
        .values({
          ...row,
          value: JSON.stringify(parsed.data),
          changedBy: ctx.actor.id,
          changedAt: ctx.now(),
        })
        // Two changes of the same version at once: the key lets one through.
        .onConflict((on) => on.doNothing())
        .returning("version")
        .executeTakeFirstOrThrow(() => conflict());
      await ctx.emit(settingChanged, { key, version: row.version });
      return view(setting, row);
    });
  }

  async history(ctx: Ctx, { key }: Flat<typeof settings.history>): Promise<Out<typeof settings.history>["items"]> {
    this.#demand(key);
    return this.#stored(ctx, key, 200);
  }

  #stored(ctx: Ctx, key: string, limit = 1) {
    return ctx.db
      .selectFrom("settings_value")
      .select(["version", "value", "changedBy", "changedAt"])
      .where("key", "=", key)
      .orderBy("version", "desc")
      .limit(limit)
      .execute();
  }

  #demand(key: string): Setting<unknown> {
    const setting = this.#known.get(key);
    if (setting === undefined) throw unknownSetting({ key });
    return setting;
  }
}

function view(setting: Setting<unknown>, stored: Stored | undefined): View {
  return {
    key: setting.key,
    ...setting.text,
    value: stored?.value ?? setting.default,
    default: setting.default,
    version: stored?.version ?? 0,
    schema: z.toJSONSchema(setting.schema) as Record<string, unknown>,
  };
}
