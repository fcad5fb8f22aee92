import { fixturesOf } from "../../testing/every-route.ts";
import { webhooks } from "./webhooks.contract.ts";

export const fixtures = fixturesOf(webhooks)(async ({ owner, server }) => {
  const { api } = owner;
  // Nobody is called so (RFC 6761): the attempt ends at the look-up.
  const given = { url: "https://hooks.invalid/", events: ["settings.changed.v1"] };
  const old = await api.webhooks.createEndpoint({ ...given, name: "旧系统" });
  const { id: endpointId } = await api.webhooks.createEndpoint({
    ...given,
    name: "ERP",
    ownHeaders: [{ name: "Authorization", value: "Bearer tea" }],
  });
  const { deliveryId } = await api.webhooks.testEndpoint({ endpointId });
  await server.runUntilIdle();
  const span = { since: "2026-11-01T00:00:00Z", until: "2027-01-01T00:00:00Z" };
  return {
    listEndpoints: {},
    createEndpoint: { ...given, name: "CRM" },
    updateEndpoint: { endpointId, isOrdered: true },
    rotateSecret: { endpointId },
    testEndpoint: { endpointId },
    countMissed: { endpointId, ...span },
    replayMissed: { endpointId, ...span },
    deleteEndpoint: { endpointId: old.id },
    listEvents: {},
    listDeliveries: {},
    getDelivery: { deliveryId },
    resend: { deliveryId },
    resendSome: { ids: [deliveryId] },
  };
});
