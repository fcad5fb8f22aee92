import { Controller } from "@nestjs/common";
import type { In } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Handles } from "@zhanggui/kit/server/http/handles";
import { access } from "./access.contract.ts";
import { AccessService } from "./access.service.ts";
import { Sessions } from "./sessions.ts";
import { Setup } from "./setup.ts";

@Controller()
export class AccessController {
  constructor(
    private readonly access: AccessService,
    private readonly sessions: Sessions,
    private readonly firstTenant: Setup,
  ) {}

  @Handles(access.setupStatus) setupStatus() {
    return this.firstTenant.status();
  }
  @Handles(access.setup) setup(ctx: Ctx, { body }: In<typeof access.setup>) {
    return this.firstTenant.run(ctx, body);
  }
  @Handles(access.login) login(ctx: Ctx, { body }: In<typeof access.login>) {
    return this.sessions.login(ctx, body);
  }
  @Handles(access.refresh) refresh(ctx: Ctx, { body }: In<typeof access.refresh>) {
    return this.sessions.refresh(ctx, body.refreshToken);
  }
  @Handles(access.logout) async logout(ctx: Ctx) {
    await this.sessions.logout(ctx);
    return {};
  }
  @Handles(access.me) me(ctx: Ctx) {
    return this.access.me(ctx, ctx.actor.id);
  }
  @Handles(access.changePassword) async changePassword(ctx: Ctx, { body }: In<typeof access.changePassword>) {
    await this.sessions.changePassword(ctx, body.currentPassword, body.newPassword);
    return {};
  }
  @Handles(access.listAccounts) async listAccounts(ctx: Ctx) {
    return { items: await this.access.listAccounts(ctx) };
  }
  @Handles(access.createAccount) createAccount(ctx: Ctx, { body }: In<typeof access.createAccount>) {
    return this.access.createAccount(ctx, body);
  }
  @Handles(access.updateAccount) updateAccount(ctx: Ctx, { params, body }: In<typeof access.updateAccount>) {
    return this.access.updateAccount(ctx, params.accountId, body);
  }
  @Handles(access.listRoles) listRoles(ctx: Ctx) {
    return this.access.listRoles(ctx);
  }
  @Handles(access.createRole) createRole(ctx: Ctx, { body }: In<typeof access.createRole>) {
    return this.access.createRole(ctx, body);
  }
  @Handles(access.updateRole) updateRole(ctx: Ctx, { params, body }: In<typeof access.updateRole>) {
    return this.access.updateRole(ctx, params.roleId, body.permissions);
  }
}
