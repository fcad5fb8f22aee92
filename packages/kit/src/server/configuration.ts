import type { Ctx } from "./ctx.ts";

/**
 * How often the tenant's configuration has changed (migrations/005_configuration.sql). Whoever keeps some of it in
 * memory reads this first and the configuration then: what changes in between is noticed, rather than kept for new.
 */
export async function configurationVersion(ctx: Ctx): Promise<number> {
  const row = await ctx.db.selectFrom("kit_configuration").select("version").executeTakeFirst();
  return row?.version ?? 0;
}
