import { fixturesOf } from "../../testing/every-route.ts";
import { audit } from "./audit.contract.ts";

export const fixtures = fixturesOf(audit)(async ({ owner, server }) => {
  // What others' fixtures have left is in a seal, and what comes now isn't.
  await server.runtime.runSchedule("audit.seal");
  await owner.api.audit.verify();
  const { items } = await owner.api.audit.list({});
  return { list: {}, get: { entryId: items[0]!.id }, listThings: {}, getChain: {}, verify: {} };
});
