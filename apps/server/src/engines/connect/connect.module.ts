import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, defineModule } from "@zhanggui/kit/server/module";
import { limitedBy, measured } from "@zhanggui/kit/server/plan-limits";
import { accessModule } from "../../foundation/access/access.module.ts";
import { notificationsModule } from "../../foundation/notifications/notifications.module.ts";
import { settingScopes } from "../../foundation/settings/scopes.ts";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { Apps } from "./apps.ts";
import { Channels } from "./channels.ts";
import { WechatClients } from "./clients.ts";
import { connect } from "./connect.contract.ts";
import { massFinished, messageReceived, templateFinished } from "./connect.events.ts";
import { Conversations } from "./conversations.ts";
import { ConnectService } from "./connect.service.ts";
import { appsLimit } from "./connect.limits.ts";
import { appFailing } from "./connect.notifications.ts";
import { keepInbound, pushToleranceSeconds, replyTimeoutMs } from "./connect.settings.ts";
import { Desk } from "./desk.ts";
import { Figures } from "./figures.ts";
import { Checks } from "./internal/checks.ts";
import { InboundStore } from "./internal/inbound-store.ts";
import { Proofs } from "./internal/proofs.ts";
import { Snapshots } from "./internal/snapshots.ts";
import { Windows } from "./windows.ts";

export const connectModule = defineModule(connect, {
  uses: [accessModule, settingsModule, notificationsModule],
  services: {
    proofs: Proofs,
    apps: Apps,
    channels: Channels,
    clients: WechatClients,
    checks: Checks,
    snapshots: Snapshots,
    store: InboundStore,
    messages: ConnectService,
    figures: Figures,
    conversations: Conversations,
    desk: Desk,
    windows: Windows,
  },
  routes: ({ apps, channels, checks, messages, figures }) => ({
    listApps: apps.list,
    bindApp: apps.bind,
    updateApp: apps.update,
    unbindApp: apps.unbind,
    testApp: checks.run,
    listChannels: channels.list,
    createChannel: channels.create,
    updateChannel: channels.update,
    deleteChannel: channels.delete,
    listInbound: messages.listInbound,
    getFigures: figures.get,
    verifyCallback: messages.verify,
    receive: messages.receive,
  }),
  publishes: [messageReceived, templateFinished, massFinished],
  schedules: ({ conversations, desk }) => ({
    note_missed: cron("*/10 * * * *", conversations.noteMissed),
    wake_snoozed: cron("* * * * *", desk.wake),
  }),
  extensions: ({ apps, clients }) => ({
    wechat: dependency({ check: clients.check }),
    bound: measured(limitedBy(appsLimit, apps.count, apps.names)),
    apps: settingScopes({ level: "app", list: apps.named, has: apps.has }),
  }),
  settings: [replyTimeoutMs, pushToleranceSeconds],
  notifies: [appFailing],
  keeps: [keepInbound],
});
