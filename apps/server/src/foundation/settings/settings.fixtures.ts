import { fixturesOf } from "../../testing/every-route.ts";
import { settings } from "./settings.contract.ts";

export const fixtures = fixturesOf(settings)(async ({ owner }) => {
  await owner.api.settings.change({ key: "connect.pushToleranceSeconds", value: 200, version: 0 });
  return {
    list: {},
    change: { key: "connect.replyTimeoutMs", value: 2000, version: 0 },
    history: { key: "connect.pushToleranceSeconds" },
  };
});
