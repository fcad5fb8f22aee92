import { fixturesOf } from "../../testing/every-route.ts";
import { work } from "./work.contract.ts";

export const fixtures = fixturesOf(work)(async ({ owner }) => {
  const begin = async (name: string): Promise<string> => {
    const { run } = await owner.api.audience.tagPeople({ all: true, handOver: true, name });
    return run ?? "";
  };
  const runs = [
    await begin("read"),
    await begin("to be paused"),
    await begin("paused"),
    await begin("to be cancelled"),
  ];
  const [read = "", toPause = "", paused = "", toCancel = ""] = runs;
  await owner.api.work.pause({ runId: paused });
  return {
    list: {},
    get: { runId: read },
    pause: { runId: toPause },
    resume: { runId: paused },
    cancel: { runId: toCancel },
  };
});
