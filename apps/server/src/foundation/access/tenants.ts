import { Injectable } from "@nestjs/common";
import { defaultZone } from "@zhanggui/kit/contract/time";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";

export interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
}

/** The businesses of this server. */
@Injectable()
export class Tenants {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Adds the ctx's own tenant. False if it should be the first and another one was faster. */
  async create(ctx: TxCtx, name: string, first: boolean): Promise<boolean> {
    const row = await ctx.db
      .insertInto("access_tenant")
      .values({ id: ctx.tenantId, name, zone: defaultZone, first: first ? true : null, created_at: ctx.now() })
      .onConflict((on) => on.column("first").doNothing())
      .returning("id")
      .executeTakeFirst();
    return row !== undefined;
  }

  async any(): Promise<boolean> {
    const row = await this.#runtime.unscopedDb().selectFrom("access_tenant").select("id").limit(1).executeTakeFirst();
    return row !== undefined;
  }

  async get(tenantId: string): Promise<TenantRow> {
    return this.#runtime
      .unscopedDb()
      .selectFrom("access_tenant")
      .select(["id", "name", "zone"])
      .where("id", "=", tenantId)
      .executeTakeFirstOrThrow();
  }

  /** For schedules: runs `work` for one tenant after the other; one that fails is logged and the others go on. */
  async each(work: (ctx: Ctx) => Promise<void>): Promise<void> {
    const rows = await this.#runtime.unscopedDb().selectFrom("access_tenant").select("id").orderBy("id").execute();
    for (const { id } of rows) {
      const ctx = this.#runtime.ctx(id);
      try {
        await work(ctx);
      } catch (error) {
        ctx.log.error({ err: error }, "scheduled work failed for this tenant");
      }
    }
  }
}
