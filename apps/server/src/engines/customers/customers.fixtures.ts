import { fixturesOf } from "../../testing/every-route.ts";
import { provingClient } from "../../testing/customers.ts";
import { customers } from "./customers.contract.ts";

export const fixtures = fixturesOf(customers)(async ({ server, owner, bound, customer, readCode }) => {
  const anonymous = server.anonymous();
  // So that there is one that was used.
  await anonymous.customers.refresh({ refreshToken: customer.refreshToken });
  const { personId } = customer;
  const { items } = await owner.api.customers.list({ personId });
  const { id: banned } = await owner.api.audience.createPerson({ displayName: "Not welcome" });
  await owner.api.customers.block({ personId: banned, reason: "asked for it" });
  const { id: other } = await owner.api.audience.createPerson({ displayName: "Somebody" });
  const visitor = provingClient(server);
  const mail = { channel: "mail" as const, address: "lan@lantern-tea.example" };
  const { deviceToken } = await visitor.customers.askCode({ ...mail, tenantId: owner.tenantId, headers: {} });
  await server.runUntilIdle();
  const { db } = server.runtime.ctx(owner.tenantId);
  await db.insertInto("customers_used_state").values({ stateHash: "used", at: new Date() }).execute();
  return {
    linkWechat: { wechatAppId: bound.wechatAppId },
    addContact: { ...mail, code: readCode(mail.address), deviceToken, headers: {}, cookies: {} },
    me: {},
    follow: {},
    signOut: {},
    list: {},
    end: { sessionId: items[0]!.id },
    endAll: { personId: other },
    getRight: { personId },
    block: { personId: other, reason: "as an example" },
    unblock: { personId: banned },
  };
});
