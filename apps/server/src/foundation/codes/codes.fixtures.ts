import { fixturesOf } from "../../testing/every-route.ts";
import { codes } from "./codes.contract.ts";

export const fixtures = fixturesOf(codes)(async ({ server, owner, readCode }) => {
  const asked = (address: string) => ({ purpose: "pick_up", channel: "phone" as const, address });
  // What others do meanwhile turns the clock.
  await owner.api.settings.change({ key: "codes.validMinutes", value: 60, version: 0 });
  await owner.api.codes.ask(asked("13800000001"));
  // So that one was refused.
  await owner.api.codes.ask(asked("13800000001")).catch(() => undefined);
  await server.runUntilIdle();
  const code = readCode("13800000001");
  return {
    list: {},
    getFigures: {},
    ask: asked("13800000002"),
    verify: { ...asked("13800000001"), code },
  };
});
