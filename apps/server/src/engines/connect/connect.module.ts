import { defineModule, items } from "@zhanggui/kit/server/module";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { Apps } from "./apps.ts";
import { Channels } from "./channels.ts";
import { WechatClients } from "./clients.ts";
import { connect } from "./connect.contract.ts";
import { ConnectService } from "./connect.service.ts";
import { pushToleranceSeconds, replyTimeoutMs } from "./connect.settings.ts";
import { Checks } from "./internal/checks.ts";
import { InboundStore } from "./internal/inbound-store.ts";
import { Snapshots } from "./internal/snapshots.ts";

export const connectModule = defineModule(connect, {
  uses: [settingsModule],
  services: {
    apps: Apps,
    channels: Channels,
    clients: WechatClients,
    checks: Checks,
    snapshots: Snapshots,
    store: InboundStore,
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
