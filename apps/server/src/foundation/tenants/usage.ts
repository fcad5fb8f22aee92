import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { type Measure, measured, mostOf } from "@zhanggui/kit/server/plan-limits";
import type { TenantTerms } from "@zhanggui/kit/server/tenant-states";
import type { tenants } from "./tenants.contract.ts";

export type UseView = Out<typeof tenants.report>["use"][number];

/** What a tenant has of everything that modules count. */
@Injectable()
export class Usage {
  constructor(private readonly extensions: Extensions) {}

  get measures(): readonly Measure[] {
    return this.extensions.of(measured).map(({ value }) => value);
  }

  /** One count after the other: a report takes one of the pool's connections, not as many as there are modules. */
  async of(ctx: Ctx, terms: TenantTerms): Promise<UseView[]> {
    const views: UseView[] = [];
    for (const { name, label, limit, count, names } of this.measures) {
      const used = Math.ceil(await count(ctx));
      const called = names === undefined ? [] : [...(await names(ctx))];
      const limits = limit === undefined ? {} : { planMost: limit.most[terms.plan] };
      const isOwn = limit !== undefined && Object.hasOwn(terms.limits, limit.name);
      views.push({ name, label, used, most: limit ? mostOf(terms, limit) : null, ...limits, isOwn, names: called });
    }
    return views;
  }
}

/** How full the fullest is, in percent; null where nothing has a limit. Of what there may be none it is full. */
export function fullest(uses: readonly UseView[]): number | null {
  const shares = uses.flatMap(({ used, most }) => (most === null ? [] : [most === 0 ? 100 : (100 * used) / most]));
  return shares.length === 0 ? null : Math.round(Math.max(...shares));
}
