import { fixturesOf } from "../../testing/every-route.ts";
import { settings } from "./settings.contract.ts";

export const fixtures = fixturesOf(settings)(async ({ server, owner, bound }) => {
  const { api } = owner;
  const before = server.clock.now().toISOString();
  const key = "connect.pushToleranceSeconds";
  const { version } = await api.settings.change({ key, value: 200, version: 0 });
  const app = { level: "app" as const, scopeId: bound.wechatAppId };
  const ofApp = await api.settings.change({ ...app, key, value: 250, version: 0 });
  const link = await api.settings.change({ key: "links.reuseMinutes", value: 5, version: 0 });
  return {
    list: { ...app },
    listScopes: {},
    change: { key: "connect.replyTimeoutMs", value: 2000, version: 0 },
    clear: { ...app, key, version: ofApp.version },
    generate: { key: "operations.metricsToken", level: "platform" as const, version: 0 },
    history: { ...app, key },
    rollBack: { key: "links.reuseMinutes", version: link.version, to: 0 },
    rollAllBack: { at: before, preview: true, revision: version },
  };
});
