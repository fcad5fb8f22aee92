import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import { defaultZone } from "@zhanggui/kit/contract/business-day";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import type { access } from "./access.contract.ts";

type TenantView = Out<typeof access.me>["tenant"];

/** The businesses of this server. */
@Injectable()
export class Tenants {
  /** What each tenant is never changes. */
  readonly #isPlatform = new Map<string, boolean>();

  constructor(private readonly runtime: Runtime) {}

  /** Whether a ctx's tenant is the one that the server's set-up made: what is the whole server's business is its. */
  async isPlatform(ctx: Ctx): Promise<boolean> {
    const known = this.#isPlatform.get(ctx.tenantId);
    if (known !== undefined) return known;
    const [row] = await ctx.sql<{ first: boolean }>`SELECT access_is_platform() AS first`;
    this.#isPlatform.set(ctx.tenantId, row?.first === true);
    return row?.first === true;
  }

  /**
   * Adds a tenant, and goes on as it in the same transaction. Undefined if it should be the first and another one was
   * faster.
   */
  create<Result>(
    { tenantId, traceId, name, first }: { tenantId: string; traceId: string; name: string; first: boolean },
    then: (ctx: TxCtx) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.runtime.ownerTransaction(async (trx) => {
      const rows = await trx.query(
        `INSERT INTO access_tenant (id, name, zone, first, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (first) DO NOTHING RETURNING id`,
        [tenantId, name, defaultZone, first ? true : null, this.runtime.clock.now()],
      );
      return rows.length === 0 ? undefined : trx.runAsTenant({ tenantId, traceId }, then);
    });
  }

  async any(): Promise<boolean> {
    const row = await this.runtime.unscopedDb().selectFrom("access_tenant").select("id").limit(1).executeTakeFirst();
    return row !== undefined;
  }

  async get(tenantId: string): Promise<TenantView> {
    return this.runtime
      .unscopedDb()
      .selectFrom("access_tenant")
      .select(["id", "name", "zone"])
      .where("id", "=", tenantId)
      .executeTakeFirstOrThrow();
  }

  /** For schedules: runs `work` for one tenant after the other; one that fails is logged and the others go on. */
  async each(work: (ctx: Ctx) => Promise<void>): Promise<void> {
    const rows = await this.runtime.unscopedDb().selectFrom("access_tenant").select("id").orderBy("id").execute();
    for (const { id } of rows) {
      const ctx = this.runtime.ctx(id);
      try {
        await work(ctx);
      } catch (error) {
        ctx.log.error({ err: error }, "scheduled work failed for this tenant");
      }
    }
  }
}
