import { fixturesOf } from "../../testing/every-route.ts";
import { clientId, SayingProvider } from "../../testing/identity-provider.ts";
import { identity } from "./identity.contract.ts";

export const fixtures = fixturesOf(identity)(async ({ owner, powerless, server }) => {
  const provider = await SayingProvider.open();
  const { issuer } = provider;
  const { items } = await owner.api.access.listRoles();
  const groupRoles = [{ group: "staff", roleId: items[0]!.id }];
  const kept = await owner.api.identity.create({ name: "公司账号", issuer, clientId, linksByEmail: true, groupRoles });
  const { id: unused } = await owner.api.identity.create({ name: "To be deleted", issuer, clientId });
  const { login } = (await powerless.api.access.me()).account;
  provider.said = { claims: { sub: "somebody", email: login, email_verified: true } };
  await provider.bringBack(`${server.url}/api/sign-in`, `${owner.tenantId}/${kept.id}`);
  let made = 0;
  return {
    list: {},
    create: () => ({ name: `公司账号 ${++made}`, issuer, clientId }),
    update: { providerId: kept.id, name: "Renamed" },
    delete: { providerId: unused },
  };
});
