import { defineModule, items, on, queue } from "@zhanggui/kit/server/module";
import { channelEntered, peopleMerged, personFollowed } from "../audience/audience.events.ts";
import { audienceModule } from "../audience/audience.module.ts";
import { messageReceived, templateFinished } from "../connect/connect.events.ts";
import { connectModule } from "../connect/connect.module.ts";
import { responder } from "../connect/responders.ts";
import { Deliveries } from "./deliveries.ts";
import { Receipts } from "./internal/receipts.ts";
import { SceneRunner } from "./internal/scene-runner.ts";
import { Senders } from "./internal/senders.ts";
import { messaging } from "./messaging.contract.ts";
import { attemptLimit, Outbox } from "./outbox.ts";
import { Rules } from "./rules.ts";
import { Scenes } from "./scenes.ts";

export const messagingModule = defineModule(messaging, {
  uses: [connectModule, audienceModule],
  services: {
    rules: Rules,
    scenes: Scenes,
    runner: SceneRunner,
    deliveries: Deliveries,
    senders: Senders,
    receipts: Receipts,
    outbox: Outbox,
  },
  routes: ({ rules, scenes, deliveries }) => ({
    listRules: items(rules.list),
    createRule: rules.create,
    updateRule: rules.update,
    deleteRule: rules.delete,
    listScenes: items(scenes.list),
    createScene: scenes.create,
    updateScene: scenes.update,
    listDeliveries: deliveries.list,
    getDelivery: deliveries.get,
  }),
  handlers: ({ rules, runner, deliveries, receipts }) => ({
    count_answers: on(messageReceived, rules.count, { ordered: false }),
    // The events that may start a scene: SceneTrigger names them.
    start_scenes: [on(channelEntered, runner.start), on(personFollowed, runner.start)],
    move_deliveries: on(peopleMerged, deliveries.move),
    take_receipt: on(templateFinished, receipts.receive),
  }),
  queues: ({ outbox }) => ({
    outbox: queue({
      effect: "outside",
      concurrency: 8,
      // Longer than a sending can take: token, call and their time limits together.
      timeoutMs: 60_000,
      attempts: attemptLimit,
      begin: outbox.begin,
      run: outbox.send,
      settle: outbox.settle,
      late: outbox.settleLate,
      lost: outbox.giveUp,
    }),
  }),
  extensions: ({ rules }) => ({ rules: responder(rules.responder) }),
});
