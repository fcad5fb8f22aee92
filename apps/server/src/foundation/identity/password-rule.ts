import { Injectable } from "@nestjs/common";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { AccessService } from "../access/access.service.ts";
import { SettingsService } from "../settings/settings.service.ts";
import { passwordsForOwnersOnly } from "./identity.settings.ts";
import { IdentityService } from "./identity.service.ts";

/** Who may still sign in with a password where there is a provider. An owner always may, should it fail. */
@Injectable()
export class PasswordRule {
  constructor(
    private readonly settings: SettingsService,
    private readonly identity: IdentityService,
    private readonly accounts: AccessService,
  ) {}

  async allows(ctx: Ctx, accountId: string): Promise<boolean> {
    if (!(await this.settings.get(ctx, passwordsForOwnersOnly))) return true;
    if ((await this.identity.enabled(ctx)).length === 0) return true;
    const { roles } = await this.accounts.account(ctx, accountId);
    return roles.some(({ builtIn }) => builtIn === "owner");
  }
}
