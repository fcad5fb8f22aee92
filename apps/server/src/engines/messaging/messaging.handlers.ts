import { Injectable } from "@nestjs/common";
import { Runtime } from "@zhanggui/kit/server/runtime";
import { channelEntered, personFollowed } from "../audience/audience.events.ts";
import { messageReceived, templateFinished } from "../connect/connect.events.ts";
import { Responders } from "../connect/responders.ts";
import { Receipts } from "./internal/receipts.ts";
import { Rules } from "./rules.ts";
import { SceneRunner } from "./internal/scene-runner.ts";

@Injectable()
export class MessagingHandlers {
  constructor(runtime: Runtime, responders: Responders, rules: Rules, runner: SceneRunner, receipts: Receipts) {
    responders.register("messaging.rules", (ctx, message) => rules.answer(ctx, message));
    runtime.on(messageReceived, "messaging.count_answers", (ctx, { replyBy }) => rules.count(ctx, replyBy));
    // The events that may start a scene: SceneTrigger names them.
    runtime.on(channelEntered, "messaging.start_scenes", (ctx, start, event) => runner.start(ctx, start, event));
    runtime.on(personFollowed, "messaging.start_scenes", (ctx, start, event) => runner.start(ctx, start, event));
    runtime.on(templateFinished, "messaging.take_receipt", (ctx, { wechatAppId, msgId, status }) =>
      receipts.receive(ctx, wechatAppId, msgId, status),
    );
  }
}
