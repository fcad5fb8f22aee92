import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { DailyCounts, rowsIn } from "@zhanggui/kit/server/figures";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import type { messaging } from "./messaging.contract.ts";

/** What is sent and what fails, by the day. */
@Injectable()
export class Figures {
  readonly #counts = new DailyCounts();

  constructor(private readonly tenants: Tenants) {}

  async get(ctx: Ctx): Promise<Out<typeof messaging.getFigures>> {
    const { zone } = await this.tenants.get(ctx.tenantId);
    const [has] = await ctx.sql<{ rule: boolean; scene: boolean }>`
      SELECT EXISTS (SELECT FROM messaging_rule) AS rule, EXISTS (SELECT FROM messaging_scene) AS scene`;
    return {
      deliveries: await this.#counts.of(ctx, "deliveries", zone, all),
      failed: await this.#counts.of(ctx, "failed", zone, failed),
      has: { rule: has?.rule ?? false, scene: has?.scene ?? false },
    };
  }
}

const all = rowsIn("messaging_delivery");
/** Refused, given up, or nobody knows. */
const failed = rowsIn("messaging_delivery", { where: sql`state IN ('failed', 'unknown')` });
