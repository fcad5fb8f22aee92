import { Controller } from "@nestjs/common";
import type { In } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Handles } from "@zhanggui/kit/server/http/handles";
import { Deliveries } from "./deliveries.ts";
import { messaging } from "./messaging.contract.ts";
import { Rules } from "./rules.ts";
import { Scenes } from "./scenes.ts";

@Controller()
export class MessagingController {
  constructor(
    private readonly rules: Rules,
    private readonly scenes: Scenes,
    private readonly deliveries: Deliveries,
  ) {}

  @Handles(messaging.listRules) async listRules(ctx: Ctx) {
    return { items: await this.rules.list(ctx) };
  }
  @Handles(messaging.createRule) createRule(ctx: Ctx, { body }: In<typeof messaging.createRule>) {
    return this.rules.create(ctx, body);
  }
  @Handles(messaging.updateRule) updateRule(ctx: Ctx, { params, body }: In<typeof messaging.updateRule>) {
    return this.rules.update(ctx, params.ruleId, body);
  }
  @Handles(messaging.deleteRule) async deleteRule(ctx: Ctx, { params }: In<typeof messaging.deleteRule>) {
    await this.rules.delete(ctx, params.ruleId);
    return {};
  }
  @Handles(messaging.listScenes) async listScenes(ctx: Ctx) {
    return { items: await this.scenes.list(ctx) };
  }
  @Handles(messaging.createScene) createScene(ctx: Ctx, { body }: In<typeof messaging.createScene>) {
    return this.scenes.create(ctx, body);
  }
  @Handles(messaging.updateScene) updateScene(ctx: Ctx, { params, body }: In<typeof messaging.updateScene>) {
    return this.scenes.update(ctx, params.sceneId, body);
  }
  @Handles(messaging.listDeliveries) listDeliveries(ctx: Ctx, { query }: In<typeof messaging.listDeliveries>) {
    return this.deliveries.list(ctx, query);
  }
  @Handles(messaging.getDelivery) getDelivery(ctx: Ctx, { params }: In<typeof messaging.getDelivery>) {
    return this.deliveries.get(ctx, params.deliveryId);
  }
}
