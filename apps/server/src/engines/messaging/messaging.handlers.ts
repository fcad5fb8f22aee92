import { Injectable } from "@nestjs/common";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { channelEntered, peopleMerged, personFollowed } from "../audience/audience.events.ts";
import { messageReceived, templateFinished } from "../connect/connect.events.ts";
import { Responders } from "../connect/responders.ts";
import { Deliveries } from "./deliveries.ts";
import { Receipts } from "./internal/receipts.ts";
import { Rules } from "./rules.ts";
import { SceneRunner } from "./internal/scene-runner.ts";

@Injectable()
export class MessagingHandlers {
  constructor(
    runtime: Runtime,
    responders: Responders,
    rules: Rules,
    runner: SceneRunner,
    deliveries: Deliveries,
    receipts: Receipts,
  ) {
    responders.register("messaging.rules", (ctx, message) => rules.answer(ctx, message));
    runtime.on(messageReceived, "messaging.count_answers", (ctx, { replyBy }) => rules.count(ctx, replyBy));
    // The events that may start a scene: SceneTrigger names them.
    runtime.on(channelEntered, "messaging.start_scenes", (ctx, start, event) => runner.start(ctx, start, event));
    runtime.on(personFollowed, "messaging.start_scenes", (ctx, start, event) => runner.start(ctx, start, event));
    runtime.on(peopleMerged, "messaging.move_deliveries", (ctx, merged) => deliveries.move(ctx, merged));
    runtime.on(templateFinished, "messaging.take_receipt", (ctx, { wechatAppId, msgId, status }) =>
      receipts.receive(ctx, wechatAppId, msgId, status),
    );
  }
}
