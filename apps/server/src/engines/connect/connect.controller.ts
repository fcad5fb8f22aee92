import { Controller } from "@nestjs/common";
import type { In } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Handles } from "@zhanggui/kit/server/http/handles";
import { Apps } from "./apps.ts";
import { Channels } from "./channels.ts";
import { Checks } from "./internal/checks.ts";
import { connect } from "./connect.contract.ts";
import { ConnectService } from "./connect.service.ts";

@Controller()
export class ConnectController {
  constructor(
    private readonly connect: ConnectService,
    private readonly apps: Apps,
    private readonly channels: Channels,
    private readonly checks: Checks,
  ) {}

  @Handles(connect.listApps) async listApps(ctx: Ctx) {
    return { items: await this.apps.list(ctx) };
  }
  @Handles(connect.bindApp) bindApp(ctx: Ctx, { body }: In<typeof connect.bindApp>) {
    return this.apps.bind(ctx, body);
  }
  @Handles(connect.updateApp) updateApp(ctx: Ctx, { params, body }: In<typeof connect.updateApp>) {
    return this.apps.update(ctx, params.wechatAppId, body);
  }
  @Handles(connect.testApp) async testApp(ctx: Ctx, { params }: In<typeof connect.testApp>) {
    return { checks: await this.checks.run(ctx, params.wechatAppId) };
  }
  @Handles(connect.listChannels) async listChannels(ctx: Ctx) {
    return { items: await this.channels.list(ctx) };
  }
  @Handles(connect.createChannel) createChannel(ctx: Ctx, { body }: In<typeof connect.createChannel>) {
    return this.channels.create(ctx, body);
  }
  @Handles(connect.listInbound) listInbound(ctx: Ctx, { query }: In<typeof connect.listInbound>) {
    return this.connect.listInbound(ctx, query);
  }
  @Handles(connect.verifyCallback) verifyCallback(ctx: Ctx, input: In<typeof connect.verifyCallback>) {
    return this.connect.verify(ctx, input);
  }
  @Handles(connect.receive) receive(ctx: Ctx, input: In<typeof connect.receive>) {
    return this.connect.receive(ctx, input);
  }
}
