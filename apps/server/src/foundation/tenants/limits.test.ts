import { startEmulator } from "@zhanggui/emulator/emulator";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword, type Member, type TestServer } from "../../testing/test-server.ts";

type Emulator = Awaited<ReturnType<typeof startEmulator>>;

let emulator: Emulator;
let server: TestServer;
/** Another process on the same database. */
let other: TestServer;
let platform: Member;
let owner: Member;
beforeAll(async () => {
  emulator = await startEmulator();
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  server = await openTestServer(inject("clusterUrl"), { env });
  other = await openTestServer(inject("clusterUrl"), { env, databaseUrl: server.databaseUrl });
  platform = await server.asPlatformOwner();
  owner = await server.asOwner();
});
afterAll(async () => {
  await other.close();
  await server.close();
  await emulator.stop();
});

async function limited(limits: Record<string, number | null>, { tenantId } = owner): Promise<void> {
  await platform.api.tenants.update({ tenantId, plan: "basic", limits });
  await expect.poll(async () => other.runtime.tenants.of(tenantId)?.limits).toEqual(limits);
}

test("accounts: what the plan gives, then no more, in words that say which, how much and what to do", async () => {
  await limited({});
  const { items: roles } = await owner.api.access.listRoles({});
  const roleIds = roles.filter(({ builtIn }) => builtIn === "operator").map(({ id }) => id);
  let made = 0;
  const create = () =>
    owner.api.access.createAccount({
      login: `limited-${++made}@lantern-tea.example`,
      displayName: "阿岚",
      password: testPassword,
      roleIds,
    });
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, create));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  const told = await refusal(create());
  expect(told).toMatchObject({
    status: 409,
    code: "kit.limit_reached",
    errno: 2004,
    details: { limit: "access.accounts", used: 5, most: 5 },
  });
  expect(told.detail).toBe("Accounts: the Basic plan gives 5, and 5 are in use. Remove some, or ask for more.");
  const { items } = await owner.api.access.listAccounts({});
  const accountId = items.find(({ displayName }) => displayName === "阿岚")!.id;
  // One that is switched off makes room, and takes it again when it is switched on.
  await owner.api.access.updateAccount({ accountId, disabled: true });
  await create();
  const enable = owner.api.access.updateAccount({ accountId, disabled: false });
  expect(await refusal(enable)).toMatchObject({ code: "kit.limit_reached" });
  // Anything else may be changed of it.
  await owner.api.access.updateAccount({ accountId, displayName: "阿岚二" });
  await limited({ "access.accounts": null });
  await owner.api.access.updateAccount({ accountId, disabled: false });
  await create();
});

test("people: of four who add one at once by two servers, where there is room for one, one does; 120 rounds", async () => {
  const there = (await owner.api.audience.listPeople({})).total ?? 0;
  const { accessToken } = owner;
  const authorization = `Bearer ${accessToken}`;
  const add = (where: TestServer) => where.anonymous({ authorization }).audience.createPerson({ displayName: "客人" });
  for (let round = 1; round <= 120; round += 1) {
    await limited({ "audience.people": there + round });
    const outcomes = await Promise.allSettled([server, other, server, other].map(add));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  }
});

test("people: far from the limit few are counted, and none comes beyond it", async () => {
  const tenant = await server.asOwner();
  await limited({ "audience.people": 100 }, tenant);
  const adding = Array.from({ length: 150 }, async () => tenant.api.audience.createPerson({ displayName: "客人" }));
  const outcomes = await Promise.allSettled(adding);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(100);
  // The plan's own is far away: nothing is refused.
  await limited({}, tenant);
  await tenant.api.audience.createPerson({ displayName: "客人" });
});

test("apps: the second of a basic plan isn't bound; one that was unbound makes room", async () => {
  await limited({});
  const bind = () => {
    const { appid: appId, secret: appSecret } = emulator.world.createAccount({ name: "灯笼茶" });
    return owner.api.connect.bindApp({ name: `茶 ${appId}`, appId, appSecret, pushToken: "abcdefgh", mode: "plain" });
  };
  const [first, ...more] = (await Promise.allSettled([bind(), bind(), bind()])).toSorted((a) =>
    a.status === "fulfilled" ? -1 : 1,
  );
  expect(more.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await refusal(bind())).toMatchObject({ code: "kit.limit_reached", details: { limit: "connect.apps" } });
  if (first?.status !== "fulfilled") throw new Error("none was bound");
  await owner.api.connect.unbindApp({ wechatAppId: first.value.id });
  await bind();
});

test("files: an upload that goes beyond the plan's space is refused, whole or in pieces", async () => {
  await limited({ "files.megabytes": 0 });
  const authorization = `Bearer ${owner.accessToken}`;
  const headers = {
    authorization,
    "upload-length": "1000000",
    "tus-resumable": "1.0.0",
    "upload-metadata": "filename YS5jc3Y=",
  };
  const begun = await fetch(`${server.url}/api/uploads`, { method: "POST", headers });
  expect(await begun.json()).toMatchObject({ code: "kit.limit_reached", details: { limit: "files.megabytes" } });
  const query = new URLSearchParams({ name: "a.csv" });
  const whole = await fetch(`${server.url}/api/files?${query}`, {
    method: "POST",
    headers: { authorization, "content-type": "text/csv" },
    body: "a,b\n1,2\n",
  });
  expect(await whole.json()).toMatchObject({ code: "kit.limit_reached" });
  await limited({ "files.megabytes": 100 });
  expect((await fetch(`${server.url}/api/uploads`, { method: "POST", headers })).status).toBe(201);
});

test("the report says what is used of everything, by name where it has one; own and platform's agree", async () => {
  await limited({ "audience.people": null });
  const own = await owner.api.tenants.own({});
  const report = await platform.api.tenants.report({ tenantId: owner.tenantId });
  expect(own).toEqual(report);
  const by = new Map(own.use.map((each) => [each.name, each]));
  expect([...by.keys()].toSorted()).toEqual(["access.accounts", "audience.people", "connect.apps", "files.megabytes"]);
  expect(by.get("connect.apps")).toMatchObject({
    used: 1,
    most: 1,
    planMost: 1,
    names: [expect.stringContaining("茶")],
  });
  expect(by.get("audience.people")).toMatchObject({ most: null, planMost: 5000 });
  const csv = await fetch(`${server.url}/api/tenants?columns=name&columns=apps&columns=use`, {
    headers: { authorization: `Bearer ${platform.accessToken}`, accept: "text/csv", "accept-language": "zh-CN" },
  });
  expect(await csv.text()).toMatch(/微信应用 1 \/ 1/);
});
