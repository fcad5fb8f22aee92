import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, defineModule, on, queue, type QueueBinding } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { codeSender } from "../../foundation/codes/code-sender.ts";
import { notificationsModule } from "../../foundation/notifications/notifications.module.ts";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { channelEntered, peopleMerged, personFollowed } from "../audience/audience.events.ts";
import { audienceModule } from "../audience/audience.module.ts";
import { messageReceived, templateFinished } from "../connect/connect.events.ts";
import { connectModule } from "../connect/connect.module.ts";
import { responder } from "../connect/responders.ts";
import { Deliveries } from "./deliveries.ts";
import { Figures } from "./figures.ts";
import { MailCodes, TextCodes } from "./internal/code-senders.ts";
import { Receipts } from "./internal/receipts.ts";
import { SceneRunner } from "./internal/scene-runner.ts";
import { Senders } from "./internal/senders.ts";
import { messaging } from "./messaging.contract.ts";
import { customersWaiting } from "./messaging.notifications.ts";
import { keepDeliveries, remindHours, unnamedCustomer } from "./messaging.settings.ts";
import { attemptLimit, Outbox } from "./outbox.ts";
import { Rules } from "./rules.ts";
import { Reminders } from "./reminders.ts";
import { Replies } from "./replies.ts";
import { Scenes } from "./scenes.ts";
import { Threads } from "./threads.ts";

export const messagingModule = defineModule(messaging, {
  uses: [accessModule, settingsModule, notificationsModule, connectModule, audienceModule],
  services: {
    rules: Rules,
    scenes: Scenes,
    runner: SceneRunner,
    deliveries: Deliveries,
    senders: Senders,
    receipts: Receipts,
    outbox: Outbox,
    replies: Replies,
    threads: Threads,
    figures: Figures,
    reminders: Reminders,
    mailCodes: MailCodes,
    textCodes: TextCodes,
  },
  routes: ({ rules, scenes, deliveries, figures, threads }) => ({
    listRules: rules.list,
    checkRule: rules.check,
    createRule: rules.create,
    updateRule: rules.update,
    deleteRule: rules.delete,
    listScenes: scenes.list,
    createScene: scenes.create,
    updateScene: scenes.update,
    sceneHistory: scenes.history,
    deleteScene: scenes.delete,
    listDeliveries: deliveries.list,
    getFigures: figures.get,
    getDelivery: deliveries.get,
    listConversations: threads.list,
    getConversation: threads.get,
    readThread: threads.read,
    reply: threads.reply,
    closeConversation: threads.close,
  }),
  handlers: ({ rules, runner, deliveries, receipts }) => ({
    // One transaction of a tenant at a time: they would only wait for each other at its few rules.
    count_answers: on(messageReceived, rules.count, {
      ordered: false,
      concurrency: 2,
      together: { takes: () => true, run: rules.countAll },
    }),
    // The events that may start a scene: SceneTrigger names them.
    start_scenes: [on(channelEntered, runner.start), on(personFollowed, runner.start)],
    move_deliveries: on(peopleMerged, deliveries.move),
    take_receipt: on(templateFinished, receipts.receive),
  }),
  queues: ({ outbox }) => ({
    outbox: sending(outbox),
    // One after the other to each customer, in the order in which they were written; mass sending holds none up.
    replies: sending(outbox, { keyed: true }),
  }),
  schedules: ({ reminders }) => ({ remind: cron("*/10 * * * *", reminders.remind) }),
  notifies: [customersWaiting],
  settings: [remindHours, unnamedCustomer],
  keeps: [keepDeliveries],
  extensions: ({ rules, senders, mailCodes, textCodes }) => ({
    rules: responder(rules.responder),
    mail: dependency({ check: senders.check }),
    sms: dependency({ check: textCodes.check }),
    mail_codes: codeSender(mailCodes),
    text_codes: codeSender(textCodes),
  }),
});

function sending(outbox: Outbox, { keyed = false } = {}): QueueBinding {
  return queue({
    effect: "outside",
    keyed,
    // It reaches people, and costs money.
    waitsWhileReadOnly: true,
    concurrency: 8,
    // Longer than a sending can take: token, call and their time limits together.
    timeoutMs: 60_000,
    attempts: attemptLimit,
    begin: outbox.begin,
    run: outbox.send,
    settle: outbox.settle,
    late: outbox.settleLate,
    lost: outbox.giveUp,
  });
}
