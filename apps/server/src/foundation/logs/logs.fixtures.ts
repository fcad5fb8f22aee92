import { newId } from "@zhanggui/kit/contract/ids";
import { fixturesOf } from "../../testing/every-route.ts";
import { logs } from "./logs.contract.ts";

export const fixtures = fixturesOf(logs)(async ({ owner, server }) => {
  const at = server.clock.now();
  const line = { tenantId: owner.tenantId, id: newId(at), at, level: "info", traceId: "t".repeat(32) } as const;
  const rest = { module: "access", message: "request", fields: JSON.stringify({ path: "/api/people" }) };
  await server.runtime
    .unscopedDb()
    .insertInto("logs_line")
    .values({ ...line, ...rest })
    .execute();
  return { list: {} };
});
