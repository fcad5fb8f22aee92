import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, daily, defineModule, items, on, queue, type QueueBinding } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { codeSender } from "../../foundation/codes/code-sender.ts";
import { filesModule } from "../../foundation/files/files.module.ts";
import { notificationsModule } from "../../foundation/notifications/notifications.module.ts";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { channelEntered, customerHeard, peopleMerged, personFollowed } from "../audience/audience.events.ts";
import { audienceModule } from "../audience/audience.module.ts";
import { messageReceived, templateFinished } from "../connect/connect.events.ts";
import { connectModule } from "../connect/connect.module.ts";
import { responder } from "../connect/responders.ts";
import { materialsModule } from "../materials/materials.module.ts";
import { CannedAnswers } from "./canned.ts";
import { Deliveries } from "./deliveries.ts";
import { Figures } from "./figures.ts";
import { Inbox } from "./inbox.ts";
import { MailCodes } from "./internal/code-senders.ts";
import { CardParts } from "./internal/card-parts.ts";
import { Notes } from "./internal/notes.ts";
import { Pictures } from "./internal/pictures.ts";
import { Receipts } from "./internal/receipts.ts";
import { SceneRunner } from "./internal/scene-runner.ts";
import { Senders } from "./internal/senders.ts";
import { Wording } from "./internal/wording.ts";
import { messaging } from "./messaging.contract.ts";
import { conversationAssigned, customersWaiting } from "./messaging.notifications.ts";
import {
  assignBy,
  busyAfterMinutes,
  busyEveryHours,
  busyText,
  busyWhen,
  keepDeliveries,
  openLimit,
  remindHours,
  unnamedCustomer,
} from "./messaging.settings.ts";
import { attemptLimit, Outbox } from "./outbox.ts";
import { Rules } from "./rules.ts";
import { Reminders } from "./reminders.ts";
import { Replies } from "./replies.ts";
import { Scenes } from "./scenes.ts";
import { Threads } from "./threads.ts";

export const messagingModule = defineModule(messaging, {
  uses: [
    accessModule,
    settingsModule,
    notificationsModule,
    filesModule,
    connectModule,
    audienceModule,
    materialsModule,
  ],
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
    inbox: Inbox,
    canned: CannedAnswers,
    wording: Wording,
    cards: CardParts,
    notes: Notes,
    pictures: Pictures,
    figures: Figures,
    reminders: Reminders,
    mailCodes: MailCodes,
  },
  routes: ({ rules, scenes, deliveries, pictures, figures, threads, inbox, canned }) => ({
    listRules: rules.list,
    checkRule: rules.check,
    tryRules: rules.try,
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
    deliveryPicture: pictures.ofDelivery,
    listConversations: threads.list,
    getConversation: threads.get,
    readThread: threads.read,
    reply: threads.reply,
    retryReply: threads.retry,
    closeConversation: threads.close,
    assignConversation: inbox.assign,
    noteConversation: inbox.note,
    readConversation: inbox.read,
    snoozeConversation: inbox.snooze,
    showTyping: inbox.typing,
    pictureSent: threads.picture,
    pictureSaid: threads.pictureSaid,
    fetchMedia: threads.media,
    listStaff: items(inbox.staff),
    setDuty: inbox.setDuty,
    listCanned: canned.list,
    createCanned: canned.create,
    updateCanned: canned.update,
    deleteCanned: canned.delete,
    fillCanned: items(canned.fillAll),
  }),
  handlers: ({ rules, runner, deliveries, receipts, inbox }) => ({
    // One transaction of a tenant at a time: they would only wait for each other at its few rules.
    count_answers: on(messageReceived, rules.count, {
      ordered: false,
      concurrency: 2,
      together: { takes: () => true, run: rules.countAll },
    }),
    // The events that may start a scene: SceneTrigger names them.
    start_scenes: [on(channelEntered, runner.start), on(personFollowed, runner.start)],
    move_deliveries: on(peopleMerged, deliveries.move),
    answer_heard: on(customerHeard, inbox.heard),
    take_receipt: on(templateFinished, receipts.receive),
  }),
  queues: ({ outbox }) => ({
    outbox: sending(outbox),
    // One after the other to each customer, in the order in which they were written; mass sending holds none up.
    replies: sending(outbox, { keyed: true }),
  }),
  schedules: ({ reminders, inbox, pictures }) => ({
    remind: cron("*/10 * * * *", reminders.remind),
    tell_late: cron("* * * * *", inbox.tellLate),
    release_pictures: daily("04:11", pictures.release),
  }),
  notifies: [customersWaiting, conversationAssigned],
  settings: [remindHours, unnamedCustomer, assignBy, openLimit, busyWhen, busyText, busyAfterMinutes, busyEveryHours],
  keeps: [keepDeliveries],
  extensions: ({ rules, senders, mailCodes }) => ({
    rules: responder(rules.responder),
    mail: dependency({ check: senders.check }),
    mail_codes: codeSender(mailCodes),
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
