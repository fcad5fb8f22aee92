import { Injectable } from "@nestjs/common";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import type { SettingLevel } from "@zhanggui/kit/contract/setting";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { extensionPoint, Extensions } from "@zhanggui/kit/server/extensions";
import { Tenants } from "../access/tenants.ts";
import { type settings, settingsPlatform, unknownScope } from "./settings.contract.ts";

/** Where something is set, or asked for: `scopeId` says which app, which store; empty elsewhere. */
export interface Scope {
  readonly level: SettingLevel;
  readonly scopeId: string;
}

/** What settings can be set for, of one level: the module that has such things gives it. */
export interface ScopeSource {
  readonly level: "app" | "store";
  /** Those of the ctx's tenant whose name has the words in it, by name. */
  list(ctx: Ctx, asked: { readonly search: string; readonly limit: number }): Promise<readonly NamedScope[]>;
  /** Whether the ctx's tenant has it. */
  has(ctx: Ctx, id: string): Promise<boolean>;
}
export interface NamedScope {
  readonly id: string;
  readonly name: string;
}

/** A module that has apps, or stores, says so here; until one does, there are none. */
export const settingScopes = extensionPoint<ScopeSource>("settings.scopes");

/** Of one level, at once. */
const listed = 50;

/** For what settings can be set. */
@Injectable()
export class Scopes {
  constructor(
    private readonly extensions: Extensions,
    private readonly tenants: Tenants,
  ) {}

  async list(
    ctx: Ctx,
    { search }: Flat<typeof settings.listScopes>,
  ): Promise<Out<typeof settings.listScopes>["items"]> {
    const sources = this.extensions.of(settingScopes).map(({ value }) => value);
    const found = sources.map(async (source) => {
      const scopes = await source.list(ctx, { search, limit: listed });
      return scopes.map(({ id, name }) => ({ level: source.level, scopeId: id, name }));
    });
    return (await Promise.all(found)).flat();
  }

  /**
   * That the ctx's tenant has it. What another tenant has is as unknown as what nobody has.
   *
   * @throws Fault `settings.unknown_scope`; `kit.forbidden` for the platform's, by whoever doesn't run the server
   */
  async demand(ctx: Ctx, { level, scopeId }: Scope): Promise<void> {
    if (level === "platform") ctx.demand(settingsPlatform);
    const needsId = level === "app" || level === "store";
    const source = this.extensions.of(settingScopes).find(({ value }) => value.level === level)?.value;
    const isThere = needsId ? ((await source?.has(ctx, scopeId)) ?? false) : scopeId === "";
    if (!isThere) throw unknownScope({ errors: [{ field: "scopeId" }] });
  }

  /** Whether the ctx's tenant is the one whose settings of the platform hold for all. */
  isPlatform(ctx: Ctx): Promise<boolean> {
    return this.tenants.isPlatform(ctx);
  }
}
