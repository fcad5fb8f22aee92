import { defineModule, items } from "@zhanggui/kit/server/module";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { Apps } from "./apps.ts";
import { Channels } from "./channels.ts";
import { WechatClients } from "./clients.ts";
import { connect } from "./connect.contract.ts";
import { ConnectService } from "./connect.service.ts";
import { pushToleranceSeconds, replyTimeoutMs } from "./connect.settings.ts";
import { Callbacks } from "./internal/callbacks.ts";
import { Checks } from "./internal/checks.ts";
import { Responders } from "./internal/responders.ts";
import "./connect.tables.ts";

export const connectModule = defineModule(connect, {
  uses: [settingsModule],
  services: {
    apps: Apps,
    channels: Channels,
    clients: WechatClients,
    callbacks: Callbacks,
    checks: Checks,
    responders: Responders,
    messages: ConnectService,
  },
  routes: ({ apps, channels, checks, messages }) => ({
    listApps: items(apps.list),
    bindApp: apps.bind,
    updateApp: apps.update,
    testApp: checks.run,
    listChannels: items(channels.list),
    createChannel: channels.create,
    listInbound: messages.listInbound,
    verifyCallback: messages.verify,
    receive: messages.receive,
  }),
  settings: [replyTimeoutMs, pushToleranceSeconds],
});
