import { Injectable } from "@nestjs/common";
import { notFound } from "@zhanggui/kit/contract/faults";
import { newId } from "@zhanggui/kit/contract/ids";
import type { Flat, Out } from "@zhanggui/kit/contract/route";
import { auditAct } from "@zhanggui/kit/server/audit/entries";
import type { Ctx, TxCtx } from "@zhanggui/kit/server/ctx";
import { listOf } from "@zhanggui/kit/server/list";
import { those } from "@zhanggui/kit/server/search";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { addFirstRoles } from "../access/first-roles.ts";
import { Invitations } from "../access/invitations.ts";
import { asThing, stateOf, type TenantChange, type TenantRow, Tenants } from "../access/tenants.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { isInUse, platformStays, tenants, unknownLimit } from "./tenants.contract.ts";
import { ownSuspended } from "./tenants.notifications.ts";
import { fullest, Usage } from "./usage.ts";

type Report = Out<typeof tenants.report>;
type Named = Flat<typeof tenants.report>;

/** The businesses of this server, for whoever runs it: opened, renewed, suspended, reported. */
@Injectable()
export class TenantsService {
  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly invitations: Invitations,
    private readonly usage: Usage,
    private readonly notifications: NotificationsService,
  ) {}

  list(ctx: Ctx, query: Flat<typeof tenants.list>): Promise<Out<typeof tenants.list>> {
    return listOf(ctx, tenants.list, query, this.tenants.all(ctx), {
      // A server has hundreds, not millions.
      search: async (part) => {
        const all = await this.tenants.all(ctx).execute();
        return those(all.flatMap(({ id, name }) => (name.toLowerCase().includes(part.toLowerCase()) ? [id] : [])));
      },
      present: async (rows) => {
        const shown = [];
        for (const row of rows) {
          const inside = this.#ctx(ctx, row.id);
          const use = await this.usage.of(inside, row);
          const said = use.map(({ label, used, most }) => {
            const much = most === null ? `${used}` : `${used} / ${most}`;
            return { zh: `${label.zh} ${much}`, en: `${label.en} ${much}` };
          });
          const apps = use.flatMap(({ names }) => names);
          const awaitsOwner = await this.invitations.awaitsFirst(inside);
          const about = { isPlatform: row.first === true, awaitsOwner, fullestPercent: fullest(use) };
          shown.push({ ...row, ...about, apps, use: said });
        }
        return shown;
      },
    });
  }

  /** @throws Fault `kit.not_found` */
  async report(ctx: Ctx, { tenantId }: Named): Promise<Report> {
    const row = await this.tenants.all(ctx).where("id", "=", tenantId).executeTakeFirst();
    if (row === undefined) throw notFound();
    return this.#report(ctx, row);
  }

  /** Its own, of whoever asks. */
  async own(ctx: Ctx): Promise<Report> {
    return this.#report(ctx, await this.tenants.row(ctx.tenantId));
  }

  async create(ctx: Ctx, given: Flat<typeof tenants.create>): Promise<Out<typeof tenants.create>> {
    const { name, plan, summary, ownerName: displayName, ownerLogin: login, expiresAt: ends } = given;
    const tenantId = newId(ctx.now());
    const { traceId } = ctx;
    const expiresAt = ends === null ? null : new Date(ends);
    const terms = { name, plan, summary, expiresAt };
    const made = await this.tenants.create({ tenantId, traceId, first: false, ...terms }, async (inside) => {
      const roles = await addFirstRoles(inside);
      const account = { login, displayName, roleIds: [roles.owner] };
      const { invitation } = await this.invitations.createAccount(inside, account);
      return invitation;
    });
    if (made === undefined || made === null) throw new Error("a tenant was made without an invitation for its owner");
    await this.#audit(ctx, { id: tenantId, name }, { plan, expiresAt });
    return { id: tenantId, name, login, ownerName: displayName, invitation: made };
  }

  /** @throws Fault `kit.not_found`, `tenants.platform_stays`, `tenants.unknown_limit` */
  async update(ctx: Ctx, { tenantId, expiresAt, ...given }: Flat<typeof tenants.update>): Promise<Report> {
    const known = new Set(this.usage.measures.flatMap(({ limit }) => limit?.name ?? []));
    const unknown = Object.keys(given.limits ?? {}).find((name) => !known.has(name));
    if (unknown !== undefined) throw unknownLimit({ limit: unknown, errors: [{ field: "limits" }] });
    const ends = typeof expiresAt === "string" ? { expiresAt: new Date(expiresAt) } : { expiresAt };
    return this.#change(ctx, tenantId, { ...given, ...(expiresAt === undefined ? {} : ends) });
  }

  /** @throws Fault `kit.not_found`, `tenants.platform_stays` */
  suspend(ctx: Ctx, { tenantId, because }: Flat<typeof tenants.suspend>): Promise<Report> {
    const suspendedAt = ctx.now();
    return this.#change(ctx, tenantId, { suspendedAt, suspendedBecause: because }, async (inside) => {
      const key = `${tenantId} ${suspendedAt.toISOString()}`;
      await this.notifications.notify(inside, ownSuspended, { because }, { to: "everybody", key });
    });
  }

  /** @throws Fault `kit.not_found` */
  resume(ctx: Ctx, { tenantId }: Named): Promise<Report> {
    return this.#change(ctx, tenantId, { suspendedAt: null, suspendedBecause: "" });
  }

  /**
   * For an owner who let the first link run out. A business that somebody can sign in to is theirs: a link to their
   * account would be a way in for whoever runs the server.
   *
   * @throws Fault `kit.not_found`, `tenants.in_use`
   */
  async invite(ctx: Ctx, { tenantId }: Named): Promise<Out<typeof tenants.invite>> {
    const { id, name } = await this.report(ctx, { tenantId });
    const invited = await this.invitations.inviteFirst(this.#ctx(ctx, id));
    if (invited === undefined) throw isInUse();
    await this.#audit(ctx, { id, name }, { invited: true });
    return invited;
  }

  /** @param then in the same transaction, as that tenant */
  async #change(
    ctx: Ctx,
    tenantId: string,
    given: TenantChange,
    then?: (inside: TxCtx) => Promise<void>,
  ): Promise<Report> {
    const { traceId, actor } = ctx;
    const told: { was: Fields; is: Fields } = { was: {}, is: {} };
    const row = await this.tenants.change({ tenantId, traceId }, given, async (inside, was, is) => {
      if (was.first && (is.expiresAt !== null || is.suspendedAt !== null)) throw platformStays();
      Object.assign(told, difference(was, is));
      // In its own log, too: who changed what its people may do.
      const thing = asThing(is);
      await auditAct(inside, { thing, details: { ...told, by: actor.name, ofPlatform: true } });
      await then?.(inside);
    });
    await this.#audit(ctx, row, told);
    return this.#report(ctx, row);
  }

  async #report(ctx: Ctx, row: TenantRow): Promise<Report> {
    const { id, name, plan, expiresAt, suspendedBecause, summary, createdAt, first } = row;
    const about = { id, name, plan, expiresAt, suspendedBecause, summary, createdAt };
    const use = await this.usage.of(this.#ctx(ctx, id), row);
    return { ...about, isPlatform: first === true, state: stateOf(row, ctx.now()), use };
  }

  /** The system's own look at a tenant: it acts in nobody's name there. */
  #ctx({ traceId, signal }: Ctx, tenantId: string): Ctx {
    return this.runtime.ctx(tenantId, { traceId, signal });
  }

  #audit(ctx: Ctx, named: { readonly id: string; readonly name: string }, details: Fields) {
    return auditAct(ctx, { thing: asThing(named), details });
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** What of a row has changed, from what to what. */
function difference(was: TenantRow, is: TenantRow): { was: Fields; is: Fields } {
  const names = (Object.keys(is) as (keyof TenantRow)[]).filter(
    (name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]),
  );
  const of = (row: TenantRow): Fields => Object.fromEntries(names.map((name) => [name, row[name]]));
  return { was: of(was), is: of(is) };
}
