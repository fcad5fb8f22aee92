import { Controller } from "@nestjs/common";
import type { In } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Handles } from "@zhanggui/kit/server/http/handles";
import { settings } from "./settings.contract.ts";
import { SettingsService } from "./settings.service.ts";

@Controller()
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  @Handles(settings.list) async list(ctx: Ctx) {
    return { items: await this.settings.list(ctx) };
  }
  @Handles(settings.change) change(ctx: Ctx, { params, body }: In<typeof settings.change>) {
    return this.settings.change(ctx, params.key, body);
  }
  @Handles(settings.history) async history(ctx: Ctx, { params }: In<typeof settings.history>) {
    return { items: await this.settings.history(ctx, params.key) };
  }
}
