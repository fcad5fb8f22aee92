import { fixturesOf } from "../../testing/every-route.ts";
import { connect } from "./connect.contract.ts";

export const fixtures = fixturesOf(connect)(async ({ bound: { wechatAppId } }) => {
  let made = 0;
  return {
    listApps: {},
    bindApp: () => ({
      name: "Second",
      appId: `wx${String(++made).padStart(16, "0")}`,
      appSecret: "secret",
      pushToken: "token",
      mode: "plain",
    }),
    updateApp: { wechatAppId, name: "Renamed" },
    testApp: { wechatAppId },
    listChannels: {},
    createChannel: { wechatAppId, name: "Channel", leaderName: "Qing", leaderMail: "qing@lantern-tea.example" },
    listInbound: {},
  };
});
