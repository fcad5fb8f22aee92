import { Injectable } from "@nestjs/common";
import type { Out } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { type CountIn, DailyCounts, rowsIn } from "@zhanggui/kit/server/figures";
import { sql } from "kysely";
import { Tenants } from "../../foundation/access/tenants.ts";
import type { connect } from "./connect.contract.ts";
import { writtenKinds } from "./kinds.ts";

/** What comes in, by the day. */
@Injectable()
export class Figures {
  readonly #counts = new DailyCounts();

  constructor(private readonly tenants: Tenants) {}

  async get(ctx: Ctx): Promise<Out<typeof connect.getFigures>> {
    const { zone } = await this.tenants.get(ctx.tenantId);
    const [set] = await ctx.sql<{ apps: boolean; verified: boolean; channels: boolean }>`
      SELECT EXISTS (SELECT FROM connect_app WHERE unbound_at IS NULL) AS apps,
        EXISTS (SELECT FROM connect_app WHERE verified_at IS NOT NULL) AS verified,
        EXISTS (SELECT FROM connect_channel) AS channels`;
    return {
      messages: await this.#counts.of(ctx, "messages", zone, ofKinds(writtenKinds)),
      followed: await this.#counts.of(ctx, "followed", zone, ofKinds(["event:subscribe"])),
      left: await this.#counts.of(ctx, "left", zone, ofKinds(["event:unsubscribe"])),
      has: { app: set?.apps ?? false, verified: set?.verified ?? false, channel: set?.channels ?? false },
    };
  }
}

function ofKinds(kinds: readonly string[]): CountIn {
  return rowsIn("connect_inbound", { where: sql`kind = ANY (${kinds})` });
}
