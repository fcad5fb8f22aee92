import { limitReached, planChoices, type PlanLimit } from "../contract/plan.ts";
import type { LocalizedText } from "../contract/text.ts";
import type { Ctx, TxCtx } from "./ctx.ts";
import { extensionPoint, type Extensions } from "./extensions.ts";
import type { Runtime } from "./runtime.ts";
import type { TenantTerms } from "./tenant-states.ts";

/** Something of a tenant that a module counts for the report of its use, and that its plan may limit. */
export interface Measure {
  /** `<module>.<what>`, as its limit is called. */
  readonly name: string;
  readonly label: LocalizedText;
  readonly limit?: PlanLimit;
  /** Of the ctx's tenant, now. */
  count(ctx: Ctx): Promise<number>;
  /** What they are called, where they are few and people know them by their names. */
  names?(ctx: Ctx): Promise<readonly string[]>;
}
/** Given by modules: what a tenant has of them. */
export const measured = extensionPoint<Measure>("kit.measured");

/** A measure that plans limit. */
export function limitedBy(limit: PlanLimit, count: Measure["count"], names?: Measure["names"]): Measure {
  return { name: limit.name, label: limit.label, limit, count, ...(names === undefined ? {} : { names }) };
}

/** How many of it a tenant with these terms may have; null: as many as it likes. */
export function mostOf(terms: TenantTerms | undefined, limit: PlanLimit): number | null {
  if (terms === undefined) return null;
  const own = terms.limits[limit.name];
  return own === undefined ? limit.most[terms.plan] : own;
}

/**
 * Near a limit each is counted, under a lock; as long as there is much room, no more than this part of it is given
 * without counting anew. Counting a hundred thousand rows for each row of an import would take longer than the import.
 */
const strideShare = 16;
const strideMs = 10_000;

/** What tenants may have of something, by their plans. */
export class PlanLimits {
  readonly #runtime: Runtime;
  readonly #extensions: Extensions;
  /** What was left of a tenant's limit to be given without counting, and until when. */
  readonly #strides = new Map<string, { left: number; most: number; readonly untilMs: number }>();

  constructor(runtime: Runtime, extensions: Extensions) {
    this.#runtime = runtime;
    this.#extensions = extensions;
  }

  /**
   * Asked in the transaction that makes them, before it does. Those who ask for the same do so one after the other,
   * until they have theirs.
   *
   * @param more how many are about to be made
   * @param field of the call, that the fault is shown at
   * @throws Fault `kit.limit_reached`, with the limit, what the plan gives, and how much is used
   */
  async demand(ctx: TxCtx, limit: PlanLimit, more = 1, field?: string): Promise<void> {
    const terms = this.#runtime.tenants.of(ctx.tenantId);
    const most = mostOf(terms, limit);
    if (terms === undefined || most === null || this.#isInStride(ctx, limit, most, more)) return;
    await ctx.lock("kit.plan_limit", limit.name);
    const used = await this.#measureOf(limit).count(ctx);
    if (used + more > most) throw reached(terms, limit, used, most, field);
    const left = Math.floor((most - used - more) / strideShare);
    this.#strides.set(`${ctx.tenantId} ${limit.name}`, { left, most, untilMs: ctx.now().getTime() + strideMs });
  }

  #isInStride(ctx: Ctx, limit: PlanLimit, most: number, more: number): boolean {
    const stride = this.#strides.get(`${ctx.tenantId} ${limit.name}`);
    if (stride === undefined || stride.most !== most || stride.left < more) return false;
    if (ctx.now().getTime() >= stride.untilMs) return false;
    stride.left -= more;
    return true;
  }

  #measureOf(limit: PlanLimit): Measure {
    const found = this.#extensions.of(measured).find(({ value }) => value.limit === limit);
    if (found === undefined) throw new Error(`no module counts ${limit.name}`);
    return found.value;
  }
}

function reached({ plan }: TenantTerms, { label, name }: PlanLimit, used: number, most: number, field?: string) {
  const { zh: planZh, en: planEn } = planChoices[plan];
  const errors = field === undefined ? {} : { errors: [{ field }] };
  return limitReached({ limit: name, labelZh: label.zh, labelEn: label.en, planZh, planEn, used, most, ...errors });
}
