import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clientId, SayingProvider } from "../../testing/identity-provider.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
afterAll(() => server.close());

test("a provider that can't be reached is said to be away: nobody is told that they were refused", async () => {
  const provider = await SayingProvider.open();
  const owner = await server.asOwner();
  const { id } = await owner.api.identity.create({ name: "公司账号", issuer: provider.issuer, clientId });
  provider.close();
  const way = `${server.url}/api/sign-in/${owner.tenantId}/${id}`;
  const response = await fetch(way, { redirect: "manual", headers: { accept: "text/html", "accept-language": "zh" } });
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("暂时连接不上");
});

test.each([
  ["answers that it can't now", (provider: SayingProvider) => Object.assign(provider.said, { fails })],
  ["is gone", (provider: SayingProvider) => provider.close()],
])("so it is when it %s by the time somebody comes back", async (_, fail) => {
  const provider = await SayingProvider.open();
  provider.said = { claims: { sub: "amei" } };
  const owner = await server.asOwner();
  const { id } = await owner.api.identity.create({ name: "公司账号", issuer: provider.issuer, clientId });
  const come = () => provider.bringBack(`${server.url}/api/sign-in`, `${owner.tenantId}/${id}`);
  expect((await come()).status).toBe(403);
  fail(provider);
  const response = await come();
  expect([response.status, await response.json()]).toMatchObject([503, { code: "identity.provider_away" }]);
  provider.close();
});
const fails = { status: 503, body: "{}" };

test("thirty who come at once to one that is away ask once, and what it said last goes on to hold", async () => {
  const provider = await SayingProvider.open();
  const owner = await server.asOwner();
  const { id } = await owner.api.identity.create({ name: "公司账号", issuer: provider.issuer, clientId });
  const begin = async (n: number) => {
    const headers = { "x-forwarded-for": `203.0.113.${n}` };
    return (await fetch(`${server.url}/api/sign-in/${owner.tenantId}/${id}`, { redirect: "manual", headers })).status;
  };
  const asked = provider.discoveries;
  provider.isAway = true;
  const many = await Promise.all(Array.from({ length: 30 }, (_, n) => begin(n)));
  expect(many).toEqual(Array(30).fill(503));
  expect(await begin(31)).toBe(503);
  expect(provider.discoveries - asked).toBe(1);
  server.clock.advance(10_001);
  provider.isAway = false;
  expect(await begin(32)).toBe(302);
  provider.isAway = true;
  server.clock.advance(600_001);
  expect(await begin(33)).toBe(302);
  provider.close();
});

test.each([
  "https://127.0.0.1:5432",
  "https://[::ffff:127.0.0.1]",
  "https://169.254.169.254",
  "https://10.0.0.1",
  "https://localhost",
  "http://issuer.lantern-tea.example",
  "https://issuer.lantern-tea.example:22",
])("no tenant looks at the server's own network by an issuer: %s", async (issuer) => {
  const own = await openTestServer(inject("clusterUrl"), { env: { PUBLIC_URL: "https://desk.lantern-tea.example" } });
  const owner = await own.asOwner();
  const refused = await refusal(owner.api.identity.create({ name: "Looking", issuer, clientId }));
  expect(refused).toMatchObject({ code: "identity.issuer_refused", errors: [{ field: "issuer" }] });
  await own.close();
});

test("whoever is taken out of all groups at the provider is out, whatever new accounts are given", async () => {
  const provider = await SayingProvider.open();
  const owner = await server.asOwner();
  const { items } = await owner.api.access.listRoles();
  const [operator, finance] = ["operator", "finance"].map((role) => items.find(({ builtIn }) => builtIn === role)!.id);
  const { id } = await owner.api.identity.create({
    name: "公司账号",
    issuer: provider.issuer,
    clientId,
    joins: true,
    roleIds: [operator!],
    groupsClaim: "groups",
    groupRoles: [{ group: "finance", roleId: finance! }],
  });
  const come = async (groups: string[]) => {
    provider.said = { claims: { sub: "amei", email: "amei@lantern-tea.example", email_verified: true, groups } };
    await provider.bringBack(`${server.url}/api/sign-in`, `${owner.tenantId}/${id}`);
    return (await owner.api.access.listAccounts({ search: "amei" })).items.map(({ roles }) =>
      roles.map((role) => role.id),
    );
  };
  expect(await come([])).toEqual([]);
  expect(await come(["finance"])).toEqual([[finance]]);
  expect((await provider.bringBack(`${server.url}/api/sign-in`, `${owner.tenantId}/${id}`)).status).toBe(302);
  await come([]);
  expect((await provider.bringBack(`${server.url}/api/sign-in`, `${owner.tenantId}/${id}`)).status).toBe(403);
});
