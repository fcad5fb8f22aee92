import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, daily, defineModule } from "@zhanggui/kit/server/module";
import { limitedBy, measured } from "@zhanggui/kit/server/plan-limits";
import { accessModule } from "../../foundation/access/access.module.ts";
import { filesModule } from "../../foundation/files/files.module.ts";
import { notificationsModule } from "../../foundation/notifications/notifications.module.ts";
import { settingScopes } from "../../foundation/settings/scopes.ts";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { Apps } from "./apps.ts";
import { Channels } from "./channels.ts";
import { WechatClients } from "./clients.ts";
import { connect } from "./connect.contract.ts";
import {
  appBound,
  massFinished,
  messageReceived,
  subscriptionsAnswered,
  subscriptionsSent,
  templateFinished,
} from "./connect.events.ts";
import { Conversations } from "./conversations.ts";
import { ConnectService } from "./connect.service.ts";
import { appsLimit } from "./connect.limits.ts";
import { appFailing } from "./connect.notifications.ts";
import { keepInbound, pageDomains, pushToleranceSeconds, replyTimeoutMs } from "./connect.settings.ts";
import { Desk } from "./desk.ts";
import { Figures } from "./figures.ts";
import { CallbackChecks } from "./internal/callback-checks.ts";
import { CredentialChecks } from "./internal/credential-checks.ts";
import { RightsChecks } from "./internal/rights-checks.ts";
import { AppDiagnosis } from "./diagnosis.ts";
import { JsSdk } from "./js-sdk.ts";
import { MenuTargets } from "./menu-targets.ts";
import { Menus } from "./menus.ts";
import { PageLogin } from "./page-login.ts";
import { Quota } from "./quota.ts";
import { Checks } from "./internal/checks.ts";
import { InboundStore } from "./internal/inbound-store.ts";
import { Proofs } from "./internal/proofs.ts";
import { Snapshots } from "./internal/snapshots.ts";
import { ReceivedMedia } from "./received-media.ts";
import { Windows } from "./windows.ts";
import { AccessTokens } from "./tokens.ts";

export const connectModule = defineModule(connect, {
  uses: [accessModule, settingsModule, notificationsModule, filesModule],
  services: {
    proofs: Proofs,
    apps: Apps,
    channels: Channels,
    clients: WechatClients,
    tokens: AccessTokens,
    quotas: Quota,
    menus: Menus,
    menuTargets: MenuTargets,
    credentialChecks: CredentialChecks,
    callbackChecks: CallbackChecks,
    rightsChecks: RightsChecks,
    diagnosis: AppDiagnosis,
    pageLogin: PageLogin,
    checks: Checks,
    snapshots: Snapshots,
    jsSdk: JsSdk,
    store: InboundStore,
    messages: ConnectService,
    figures: Figures,
    conversations: Conversations,
    desk: Desk,
    windows: Windows,
    media: ReceivedMedia,
  },
  routes: ({ apps, channels, tokens, quotas, menus, menuTargets, jsSdk, diagnosis, checks, messages, figures }) => ({
    listApps: apps.list,
    bindApp: apps.bind,
    getApp: (ctx, { wechatAppId }) => apps.get(ctx, wechatAppId),
    updateApp: apps.update,
    unbindApp: apps.unbind,
    testApp: checks.run,
    getToken: tokens.get,
    replaceToken: tokens.replace,
    forceToken: tokens.force,
    getQuota: quotas.get,
    resetQuota: quotas.reset,
    getMenu: menus.get,
    saveMenu: menus.save,
    publishMenu: menus.publish,
    getLiveMenu: menus.live,
    listMenuVersions: menus.versions,
    takeMenuBack: menus.takeBack,
    getMenuTargets: menuTargets.get,
    signPage: jsSdk.sign,
    getDiagnosis: diagnosis.get,
    diagnose: diagnosis.run,
    listChannels: channels.list,
    createChannel: channels.create,
    updateChannel: channels.update,
    deleteChannel: channels.delete,
    listInbound: messages.listInbound,
    getFigures: figures.get,
    verifyCallback: messages.verify,
    receive: messages.receive,
  }),
  publishes: [appBound, messageReceived, templateFinished, massFinished, subscriptionsAnswered, subscriptionsSent],
  schedules: ({ conversations, desk, tokens, media }) => ({
    note_missed: cron("*/10 * * * *", conversations.noteMissed),
    wake_snoozed: cron("* * * * *", desk.wake),
    refresh_tokens: cron("* * * * *", tokens.refreshAhead),
    release_media: daily("04:17", media.release),
  }),
  extensions: ({ apps, clients }) => ({
    wechat: dependency({ check: clients.check }),
    bound: measured(limitedBy(appsLimit, apps.count, apps.names)),
    apps: settingScopes({ level: "app", list: apps.named, has: apps.has }),
  }),
  settings: [replyTimeoutMs, pushToleranceSeconds, pageDomains],
  notifies: [appFailing],
  keeps: [keepInbound],
});
