import { fixturesOf } from "../../testing/every-route.ts";
import { work } from "./work.contract.ts";

export const fixtures = fixturesOf(work)(async ({ owner, server }) => {
  const names = ["read", "to be paused", "paused", "to be cancelled"];
  const begun = await Promise.all(
    names.map((name) => owner.api.audience.tagPeople({ all: true, handOver: true, name })),
  );
  const [read = "", toPause = "", paused = "", toCancel = ""] = begun.map(({ run }) => run ?? "");
  // Whatever else is worked off before they are called: these stand still, because nothing is queued for them any more.
  await server.runUntilIdle();
  const ctx = server.runtime.ctx(owner.tenantId);
  await ctx.sql`UPDATE work_run SET ended_at = NULL, state = CASE id WHEN ${paused}::uuid THEN 'paused' ELSE 'running' END
    WHERE id = ANY (${[toPause, paused, toCancel]}::uuid[])`;
  return {
    list: {},
    get: { runId: read },
    pause: { runId: toPause },
    resume: { runId: paused },
    cancel: { runId: toCancel },
  };
});
