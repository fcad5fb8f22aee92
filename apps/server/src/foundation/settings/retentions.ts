import { Injectable } from "@nestjs/common";
import { Declarations } from "@zhanggui/kit/server/declarations";
import { pruneOld } from "@zhanggui/kit/server/retention";
import { Tenants } from "../access/tenants.ts";
import { SettingsService } from "./settings.service.ts";

/** What tenants keep for so many days only. Modules declare theirs. */
@Injectable()
export class Retentions {
  constructor(
    private readonly declarations: Declarations,
    private readonly tenants: Tenants,
    private readonly settings: SettingsService,
  ) {}

  /**
   * Daily: deletes what is older than each tenant keeps it. Where one fails the others go on; of tenants that read only
   * nothing goes.
   */
  async prune(): Promise<void> {
    for (const retention of this.declarations.retentions) {
      const { setting } = retention;
      await this.tenants.eachWritable(async (ctx) => {
        const pruned = await pruneOld(ctx, retention, await this.settings.get(ctx, setting));
        if (pruned > 0) ctx.log.info({ setting: setting.key, pruned }, "what was kept long enough was deleted");
      });
    }
  }
}
