import { fixturesOf } from "../../testing/every-route.ts";
import { connect } from "./connect.contract.ts";

export const fixtures = fixturesOf(connect)(async ({
  server,
  owner,
  newAccount,
  accessToken,
  bound: { wechatAppId, appid, channel },
}) => {
  const account = () => {
    const { appid: appId, secret: appSecret } = newAccount();
    return { name: "Second", appId, appSecret, pushToken: "token", mode: "plain" as const };
  };
  const leader = { leaderName: "Qing", leaderMail: "qing@lantern-tea.example" };
  const spareApp = await owner.api.connect.bindApp(account());
  const spare = await owner.api.connect.createChannel({ wechatAppId, name: "Spare", ...leader });
  const draft = { buttons: [{ name: "茶单", kind: "click" as const, key: "MENU" }] };
  await owner.api.connect.saveMenu({ wechatAppId, draft, ifMatch: 0 });
  await owner.api.connect.publishMenu({ wechatAppId, ifMatch: 1 });
  await owner.api.connect.diagnose({ wechatAppId, checks: ["secret"] });
  await owner.api.connect.resetQuota({ wechatAppId });
  const { db } = server.runtime.ctx(owner.tenantId);
  await db.insertInto("connect_push_refusal").values({ wechatAppId, reason: "signature", at: new Date() }).execute();
  await db.insertInto("connect_ticket").values({ wechatAppId }).execute();
  return {
    listApps: {},
    bindApp: account,
    unbindApp: { wechatAppId: spareApp.id },
    deleteChannel: { channelId: spare.id },
    updateApp: { wechatAppId, name: "Renamed" },
    getApp: { wechatAppId },
    testApp: { wechatAppId },
    getToken: { wechatAppId },
    replaceToken: () => ({ wechatAppId, accessToken: accessToken(appid) }),
    forceToken: { wechatAppId },
    getQuota: { wechatAppId },
    resetQuota: { wechatAppId, path: "/cgi-bin/user/info" },
    getMenu: { wechatAppId },
    saveMenu: { wechatAppId, draft, ifMatch: 1 },
    publishMenu: { wechatAppId, ifMatch: 2 },
    getLiveMenu: { wechatAppId },
    listMenuVersions: { wechatAppId },
    takeMenuBack: { wechatAppId, number: 1, ifMatch: 2 },
    getMenuTargets: { wechatAppId },
    getDiagnosis: { wechatAppId },
    diagnose: { wechatAppId, checks: ["callback"] },
    listChannels: {},
    createChannel: { wechatAppId, name: "Channel", ...leader },
    updateChannel: { channelId: channel.id, leaderName: "Lan" },
    listInbound: {},
    getFigures: {},
  };
});
