import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import type { Out } from "@zhanggui/kit/contract/route";
import { defaultZone } from "@zhanggui/kit/contract/business-day";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { type TenantTerms, whyReadOnly } from "@zhanggui/kit/server/tenant-states";
import { type Selectable, sql, type Updateable } from "kysely";
import type { access } from "./access.contract.ts";
import type { AccessTables } from "./access.tables.ts";

type TenantView = Out<typeof access.me>["tenant"];
type TermsView = Out<typeof access.me>["terms"];
export type TenantRow = Selectable<AccessTables["access_tenant"]>;
/** What may be changed of one. */
export type TenantChange = Omit<Updateable<AccessTables["access_tenant"]>, "id" | "first" | "createdAt" | "limits"> & {
  readonly limits?: TenantRow["limits"] | undefined;
};

/** So long before its end a plan's people, and the platform, begin to be told of it. */
export const expiringDays = 30;
const dayMs = 86_400_000;

const columns = `id, plan, expires_at AS "expiresAt", suspended_at AS "suspendedAt", limits`;

/** The businesses of this server. */
@Injectable()
export class Tenants {
  /** What each tenant is never changes. */
  readonly #isPlatform = new Map<string, boolean>();

  constructor(private readonly runtime: Runtime) {
    // On the connection that hears of changes: it is asked while transactions wait for one of the pool's.
    runtime.tenants.readBy((tenantId) =>
      tenantId === undefined
        ? runtime.hotQuery<TenantTerms & { id: string }>(`SELECT ${columns} FROM access_tenant`)
        : runtime.hotQuery<TenantTerms & { id: string }>(`SELECT ${columns} FROM access_tenant WHERE id = $1`, [
            tenantId,
          ]),
    );
  }

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
  async create<Result>(
    { tenantId, traceId, name, first, ...terms }: { tenantId: string; traceId: string; first: boolean } & NewTenant,
    then: (ctx: TxCtx) => Promise<Result>,
  ): Promise<Result | undefined> {
    const { plan = "partner", expiresAt = null, summary = "" } = terms;
    const made = await this.runtime.ownerTransaction(async (trx) => {
      const rows = await trx.query(
        `INSERT INTO access_tenant (id, name, zone, first, created_at, plan, expires_at, summary)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (first) DO NOTHING RETURNING id`,
        [tenantId, name, defaultZone, first ? true : null, this.runtime.clock.now(), plan, expiresAt, summary],
      );
      return rows.length === 0 ? undefined : { result: await trx.runAsTenant({ tenantId, traceId }, then) };
    });
    await this.runtime.tenants.look(tenantId);
    return made?.result;
  }

  /**
   * Changes what a tenant has agreed on; every process follows within a second.
   *
   * @param then in the same transaction, as that tenant, with how it was and how it is
   * @throws Fault `kit.not_found`
   */
  async change(
    { tenantId, traceId }: { readonly tenantId: string; readonly traceId: string },
    change: TenantChange,
    then: (ctx: TxCtx, was: TenantRow, is: TenantRow) => Promise<void>,
  ): Promise<TenantRow> {
    const { limits, ...given } = change;
    const values = { ...given, ...(limits === undefined ? {} : { limits: JSON.stringify(limits) }) };
    const is = await this.runtime.ownerTransaction(async (trx) => {
      const [was] = await trx.query<TenantRow>(`SELECT ${everyColumn} FROM access_tenant WHERE id = $1 FOR UPDATE`, [
        tenantId,
      ]);
      if (was === undefined) throw notFound();
      const set = Object.entries(values).filter(([, value]) => value !== undefined);
      const assigned = set.map(([name], index) => `${columnOf[name as keyof typeof columnOf]} = $${index + 2}`);
      const [row = was] =
        set.length === 0
          ? []
          : await trx.query<TenantRow>(
              `UPDATE access_tenant SET ${assigned.join(", ")} WHERE id = $1 RETURNING ${everyColumn}`,
              [tenantId, ...set.map(([, value]) => value)],
            );
      await trx.runAsTenant({ tenantId, traceId }, (ctx) => then(ctx, was, row));
      return row;
    });
    await this.runtime.tenants.look(tenantId);
    return is;
  }

  /** All there are, for the tenant that runs the server; to every other there are none. */
  all(ctx: Ctx) {
    const now = ctx.now();
    const soon = new Date(now.getTime() + expiringDays * dayMs);
    const state = sql<TermsView["state"]>`CASE WHEN suspended_at IS NOT NULL THEN 'suspended'
      WHEN expires_at <= ${now} THEN 'expired' WHEN expires_at <= ${soon} THEN 'expiring' ELSE 'active' END`;
    return ctx.db
      .selectFrom(sql<TenantRow>`access_tenants()`.as("tenant"))
      .selectAll("tenant")
      .select(state.as("state"));
  }

  async any(): Promise<boolean> {
    const row = await this.runtime.unscopedDb().selectFrom("access_tenant").select("id").limit(1).executeTakeFirst();
    return row !== undefined;
  }

  /** The tenant, where there is one alone. */
  async only(): Promise<string | undefined> {
    const rows = await this.runtime.unscopedDb().selectFrom("access_tenant").select("id").limit(2).execute();
    return rows.length === 1 ? rows[0]?.id : undefined;
  }

  /** The tenant that runs the server; none before its set-up. */
  async platform(): Promise<string | undefined> {
    const rows = this.runtime.unscopedDb().selectFrom("access_tenant").select("id").where("first", "=", true);
    return (await rows.executeTakeFirst())?.id;
  }

  /** The whole row, which no ctx of a tenant reads. */
  async row(tenantId: string): Promise<TenantRow> {
    return this.runtime
      .unscopedDb()
      .selectFrom("access_tenant")
      .selectAll()
      .where("id", "=", tenantId)
      .executeTakeFirstOrThrow();
  }

  /** Those whose plan ends, or has ended, between two moments. */
  async endingBetween(from: Date, until: Date): Promise<{ id: string; name: string; expiresAt: Date }[]> {
    return this.runtime
      .unscopedDb()
      .selectFrom("access_tenant")
      .select(["id", "name", "expiresAt"])
      .where("expiresAt", ">", from)
      .where("expiresAt", "<=", until)
      .orderBy("expiresAt")
      .$narrowType<{ expiresAt: Date }>()
      .execute();
  }

  /**
   * The business whose customers come: the one that they name, or the one that runs the server.
   *
   * @throws Fault `kit.not_found`
   */
  async visited(tenantId: string | undefined): Promise<TenantView> {
    const tenants = this.runtime.unscopedDb().selectFrom("access_tenant").select(["id", "name", "zone"]);
    const named = tenantId === undefined ? tenants.where("first", "=", true) : tenants.where("id", "=", tenantId);
    return named.executeTakeFirstOrThrow(() => notFound());
  }

  async get(tenantId: string): Promise<TenantView> {
    return this.runtime
      .unscopedDb()
      .selectFrom("access_tenant")
      .select(["id", "name", "zone"])
      .where("id", "=", tenantId)
      .executeTakeFirstOrThrow();
  }

  /** How some are called, by their ids. */
  async namesOf(tenantIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (tenantIds.length === 0) return new Map();
    const tenants = this.runtime.unscopedDb().selectFrom("access_tenant").select(["id", "name"]);
    const rows = await tenants.where("id", "in", tenantIds).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** How the ctx's tenant stands, from memory; only why it is suspended is asked for. */
  async terms(ctx: Ctx): Promise<TermsView> {
    const terms = this.runtime.tenants.of(ctx.tenantId);
    const { plan = "partner", expiresAt = null } = terms ?? {};
    const state = stateOf(terms, ctx.now());
    const because = state === "suspended" ? (await this.row(ctx.tenantId)).suspendedBecause : "";
    return { plan, expiresAt: expiresAt?.toISOString() ?? null, state, because };
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

  /** The same for work that takes something away: of tenants that read only nothing is. */
  eachWritable(work: (ctx: Ctx) => Promise<void>): Promise<void> {
    return this.each(async (ctx) => {
      if (!this.runtime.tenants.isReadOnly(ctx.tenantId)) await work(ctx);
    });
  }
}

/** As the audit log names a tenant. */
export function asThing({ id, name: title }: Pick<TenantRow, "id" | "name">) {
  return { kind: "access_tenant", id, title };
}

interface NewTenant {
  readonly name: string;
  readonly plan?: TenantTerms["plan"];
  readonly expiresAt?: Date | null;
  readonly summary?: string;
}

const columnOf = {
  name: "name",
  zone: "zone",
  plan: "plan",
  expiresAt: "expires_at",
  suspendedAt: "suspended_at",
  suspendedBecause: "suspended_because",
  limits: "limits",
  summary: "summary",
} as const satisfies Record<keyof TenantChange, string>;
const everyColumn = ["id", "first", `created_at AS "createdAt"`]
  .concat(Object.entries(columnOf).map(([name, column]) => `${column} AS "${name}"`))
  .join(", ");

/** `expiring` within `expiringDays` of its end. */
export function stateOf(terms: TenantTerms | undefined, now: Date): TermsView["state"] {
  if (terms === undefined) return "active";
  const why = whyReadOnly(terms, now);
  if (why !== undefined) return why;
  const isNear = terms.expiresAt !== null && terms.expiresAt.getTime() <= now.getTime() + expiringDays * dayMs;
  return isNear ? "expiring" : "active";
}
