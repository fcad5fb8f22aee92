import { fixturesOf } from "../../testing/every-route.ts";
import { tenants } from "./tenants.contract.ts";

export const fixtures = fixturesOf(tenants)(async ({ owner, server }) => {
  let made = 0;
  const another = () => ({
    name: `另一家 ${++made}`,
    ownerName: "Owner",
    ownerLogin: `owner-${made}@another.example`,
  });
  const { id: tenantId } = await owner.api.tenants.create(another());
  // Suspended, resumed and invited while it is there.
  await server.runUntilIdle();
  return {
    list: {},
    report: { tenantId },
    create: another,
    update: { tenantId, plan: "growth", limits: { "access.accounts": 7 } },
    suspend: { tenantId, because: "未付款" },
    resume: { tenantId },
    invite: { tenantId },
    own: {},
  };
});
