import { Injectable } from "@nestjs/common";
import { businessDay, defaultZone } from "@zhanggui/kit/contract/business-day";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { expiringDays, Tenants } from "../access/tenants.ts";
import { NotificationsService } from "../notifications/notifications.service.ts";
import { tenantsManage, tenantsPlan } from "./tenants.contract.ts";
import { ownPlanEnds, tenantPlanEnds } from "./tenants.notifications.ts";

/** So many days before its end a plan's end is told, and when it has come. */
const told = [0, 1, 7, expiringDays] as const;
const dayMs = 86_400_000;

/** Tells of plans that end: those who look after them, and whoever runs the server. */
@Injectable()
export class Ends {
  constructor(
    private readonly runtime: Runtime,
    private readonly tenants: Tenants,
    private readonly notifications: NotificationsService,
  ) {}

  /** Hourly. Each of a plan's moments is told once; a plan that is renewed has others. */
  async tell(): Promise<void> {
    const now = this.runtime.clock.now();
    const near = (days: number): Date => new Date(now.getTime() + days * dayMs);
    const ending = await this.tenants.endingBetween(near(-expiringDays), near(expiringDays));
    const platformId = ending.length === 0 ? undefined : await this.tenants.platform();
    for (const { id, name, expiresAt } of ending) {
      const ctx = this.runtime.ctx(id);
      try {
        await this.#tell(id, platformId, { name, expiresAt, now });
      } catch (error) {
        ctx.log.error({ err: error }, "that a plan ends wasn't told");
      }
    }
  }

  async #tell(tenantId: string, platformId: string | undefined, ends: { name: string; expiresAt: Date; now: Date }) {
    const { name: tenantName, expiresAt, now } = ends;
    const left = Math.max(0, Math.ceil((expiresAt.getTime() - now.getTime()) / dayMs));
    const moment = told.find((days) => left <= days) ?? expiringDays;
    const key = `${tenantId} ${expiresAt.toISOString()} ${moment}`;
    const { zone } = await this.tenants.get(tenantId);
    const payload = { days: left, endsOn: businessDay(expiresAt, zone) };
    await this.runtime
      .ctx(tenantId)
      .tx((ctx) => this.notifications.notify(ctx, ownPlanEnds, payload, { to: { holdersOf: tenantsPlan }, key }));
    if (platformId === undefined) return;
    const about = { tenantName, days: left, endsOn: businessDay(expiresAt, defaultZone) };
    await this.runtime
      .ctx(platformId)
      .tx((ctx) => this.notifications.notify(ctx, tenantPlanEnds, about, { to: { holdersOf: tenantsManage }, key }));
  }
}
