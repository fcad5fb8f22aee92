import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import type { FactorDemand } from "../access/factor-demand.ts";
import { SecondFactors } from "../access/second-factors.ts";
import { ownFactorFirst } from "../access/second-factor.contract.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { secondFactorGraceDays, secondFactorOf } from "./identity.settings.ts";

const dayMs = 86_400_000;

/** Of whom two-step sign-in is demanded, by setting. */
@Injectable()
export class FactorRule {
  constructor(
    private readonly settings: SettingsService,
    private readonly factors: SecondFactors,
  ) {}

  async demanded(ctx: Ctx): Promise<FactorDemand | undefined> {
    const { value: of, setAt } = await this.settings.held(ctx, secondFactorOf);
    if (of === "nobody" || setAt === null) return undefined;
    const graceDays = await this.settings.get(ctx, secondFactorGraceDays);
    return { of, from: new Date(setAt.getTime() + graceDays * dayMs) };
  }

  /**
   * Whoever demands it has it: so there is always one who still gets in, and who knows what it asks of others.
   *
   * @throws Fault `access.own_factor_first`
   */
  async demandOwn(ctx: Ctx, of: unknown): Promise<void> {
    if (of === "nobody") return;
    if (ctx.actor.kind !== "account" || !(await this.factors.get(ctx)).isOn) {
      throw ownFactorFirst({ errors: [{ field: "value" }] });
    }
  }
}
