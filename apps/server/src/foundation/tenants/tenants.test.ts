import { startEmulator } from "@zhanggui/emulator/emulator";
import { effects, pathOf, type Contract, type Route } from "@zhanggui/kit/contract/route";
import { customerAccess, publicAccess } from "@zhanggui/kit/contract/permission";
import { newId } from "@zhanggui/kit/contract/ids";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { contracts } from "../../contracts.ts";
import { bindLanternTea } from "../../testing/lantern-tea.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword, type Member, type TestServer } from "../../testing/test-server.ts";
import { patient } from "../../../../../tests/setup/patience.ts";

/** Sooner than whoever was told nothing looks by itself. */
const promptly = { timeout: patient(3_000), interval: 10 };

type Emulator = Awaited<ReturnType<typeof startEmulator>>;

const clock = new TurnableClock();
const dayMs = 86_400_000;
let emulator: Emulator;
let server: TestServer;
/** Another process on the same database. */
let other: TestServer;
let platform: Member;
beforeAll(async () => {
  emulator = await startEmulator({ clock });
  const env = { WECHAT_API_URL: emulator.url, WECHAT_MP_URL: emulator.url, SMTP_URL: emulator.smtpUrl };
  server = await openTestServer(inject("clusterUrl"), { env, clock });
  other = await openTestServer(inject("clusterUrl"), { env, clock, databaseUrl: server.databaseUrl });
  platform = await server.asPlatformOwner();
});
afterAll(async () => {
  await other.close();
  await server.close();
  await emulator.stop();
});

const inDays = (days: number): string => new Date(clock.now().getTime() + days * dayMs).toISOString();
const credentials = async ({ accountId, tenantId }: Member) => {
  const row = await server.runtime
    .unscopedDb()
    .selectFrom("access_account")
    .select("login")
    .where("id", "=", accountId)
    .executeTakeFirstOrThrow();
  return { login: row.login, password: testPassword, tenantId };
};

test("two servers agree promptly, suspended and resumed, fifteen times", async () => {
  const { tenantId } = await server.asOwner();
  const isReadOnly = async () => other.runtime.tenants.isReadOnly(tenantId);
  for (let round = 0; round < 15; round += 1) {
    await platform.api.tenants.suspend({ tenantId, because: "未付款" });
    expect(server.runtime.tenants.isReadOnly(tenantId)).toBe(true);
    await expect.poll(isReadOnly, promptly).toBe(true);
    await platform.api.tenants.resume({ tenantId });
    expect(server.runtime.tenants.isReadOnly(tenantId)).toBe(false);
    await expect.poll(isReadOnly, promptly).toBe(false);
  }
});

/** What changes something, and may be called all the same. */
const whileReadOnly = [
  "access.beginSecondFactor",
  "access.changePassword",
  "access.confirmSecondFactor",
  "access.disableAccount",
  "access.endAccountSessions",
  "access.endImpersonation",
  "access.endOtherSessions",
  "access.endOwnSession",
  "access.endSecondFactor",
  "access.logout",
  "access.proveTenant",
  "access.renewRecoveryCodes",
  "access.switchTenant",
  "archives.create",
  "archives.delete",
  "archives.download",
  "archives.pause",
  "archives.resume",
  "customers.block",
  "customers.end",
  "customers.endAll",
  "customers.signOut",
  "exports.create",
  "exports.delete",
  "exports.download",
  "exports.pause",
  "exports.resume",
  "files.link",
  "imports.errors",
  "keys.delete",
  "notifications.read",
  "notifications.readAll",
];
const closed = Object.values<Contract>(contracts)
  .flatMap((contract) => Object.values(contract))
  .filter(({ access }) => access !== publicAccess);
const changing = closed.filter(({ effect }) => effect !== "read");

test("what may be called all the same is a listed set, and every effect is among the rest", () => {
  expect(
    changing
      .filter((route) => route.whileReadOnly)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(whileReadOnly);
  const rest = new Set(changing.filter((route) => !route.whileReadOnly).map(({ effect }) => effect));
  expect(effects.filter((effect) => !rest.has(effect))).toEqual(["read"]);
});

test("one that has expired refuses every change, in both processes, and reads, exports and signs in as ever", async () => {
  const owner = await server.asOwner();
  const { tenantId } = owner;
  const leaver = await server.as("operator", owner);
  await platform.api.tenants.update({ tenantId, expiresAt: inDays(1) });
  await expect.poll(async () => other.runtime.tenants.of(tenantId)?.expiresAt).toBeInstanceOf(Date);
  const link = await owner.api.links.create({ url: "https://lantern-tea.example/a" });
  expect((await owner.api.access.me()).terms).toMatchObject({ state: "expiring" });
  clock.advance(dayMs);
  const { accessToken } = await server.anonymous().access.login(await credentials(owner));
  const call = async (where: TestServer, route: Route) => {
    const path = pathOf(route).replaceAll(/:\w+/g, newId(clock.now()));
    const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
    const method = route.method.toUpperCase();
    const response = await fetch(`${where.url}${path}`, { method, headers, body: "{}" });
    return ((await response.json().catch(() => ({}))) as { code?: string }).code;
  };
  const ofPlatform = new Set(["tenants", "operations"]);
  const refused = changing.filter(
    ({ id, access, whileReadOnly }) =>
      access !== customerAccess && !whileReadOnly && !ofPlatform.has(id.split(".")[0] ?? ""),
  );
  expect(refused.length).toBeGreaterThan(60);
  for (const route of refused)
    for (const where of [server, other])
      expect([route.id, await call(where, route)]).toEqual([route.id, "kit.read_only"]);
  expect((await owner.api.links.list({})).items.map(({ id }) => id)).toEqual([link.id]);
  const made = await owner.api.exports.create({ list: "links.list", format: "csv", query: {}, columns: ["url"] });
  await server.runUntilIdle();
  expect(await owner.api.exports.get({ exportId: made.id })).toMatchObject({ state: "done" });
  // Whoever leaves is kept out all the same.
  await owner.api.access.disableAccount({ accountId: leaver.accountId });
  expect((await refusal(leaver.api.access.me())).status).toBe(401);
  await owner.api.access.changePassword({ currentPassword: testPassword, newPassword: testPassword });
  expect((await owner.api.access.me()).terms).toMatchObject({ state: "expired" });
  const told = await refusal(owner.api.links.create({ url: "https://lantern-tea.example/b" }));
  expect(told).toMatchObject({ status: 403, details: { why: "expired" } });
  expect(told.detail).toContain("The plan of this business has expired");
  await platform.api.tenants.update({ tenantId, expiresAt: inDays(365) });
  await owner.api.links.create({ url: "https://lantern-tea.example/b" });
  expect((await owner.api.access.me()).terms).toMatchObject({ state: "active" });
});

test("pushes are taken and worked off, nothing goes out, and what waited goes out once after the renewal", async () => {
  const owner = await server.asOwner();
  const { tenantId } = owner;
  const { appid, channel } = await bindLanternTea(owner, emulator.world, server.url);
  await server.runUntilIdle();
  await platform.api.tenants.update({ tenantId, expiresAt: inDays(-1) });
  const puppet = emulator.world.createPuppet();
  await emulator.world.scan(puppet.id, { code: channel.ticket });
  await emulator.world.say(puppet.id, { appid, text: "菜单" });
  await server.runUntilIdle();
  expect((await owner.api.audience.listPeople({})).items).toHaveLength(1);
  const inbound = (await owner.api.connect.listInbound({})).items;
  expect(inbound.map(({ reply }) => reply)).toEqual(inbound.map(() => null));
  expect(inbound.length).toBeGreaterThanOrEqual(2);
  const states = async () => (await owner.api.messaging.listDeliveries({})).items.map(({ state }) => state);
  expect(await states()).toEqual(["ready", "ready"]);
  for (const where of [server, other, server]) await where.runUntilIdle();
  expect(await states()).toEqual(["ready", "ready"]);
  await platform.api.tenants.update({ tenantId, expiresAt: null });
  await expect.poll(async () => other.runtime.tenants.isReadOnly(tenantId)).toBe(false);
  // Both at once: each of them is sent by one.
  await Promise.all([server.runUntilIdle(), other.runUntilIdle()]);
  await emulator.world.settle();
  await server.runUntilIdle();
  expect((await states()).filter((state) => state === "ready")).toEqual([]);
  const tries = await server.runtime
    .unscopedDb()
    .selectFrom("messaging_step")
    .select("kind")
    .where("tenantId", "=", tenantId)
    .where("kind", "=", "submitting")
    .execute();
  expect(tries).toHaveLength(2);
  // What is answered at once is answered again.
  await emulator.world.say(puppet.id, { appid, text: "菜单" });
  expect((await owner.api.connect.listInbound({})).items.some(({ reply }) => reply !== null)).toBe(true);
});

test("nothing goes by age while a tenant reads only, and goes as ever afterwards", async () => {
  const owner = await server.asOwner();
  const { tenantId } = owner;
  const link = await owner.api.links.create({ url: "https://lantern-tea.example/c" });
  await fetch(link.shortUrl.replace(/^https?:\/\/[^/]+/, server.url), { redirect: "manual" });
  await server.runUntilIdle();
  const clicks = async () => {
    const rows = server.runtime
      .unscopedDb()
      .selectFrom("links_click")
      .select("linkId")
      .where("tenantId", "=", tenantId);
    return (await rows.execute()).length;
  };
  await expect.poll(clicks).toBe(1);
  await platform.api.tenants.suspend({ tenantId, because: "未付款" });
  clock.advance(3000 * dayMs);
  await server.runtime.runSchedule("settings.prune");
  expect(await clicks()).toBe(1);
  await platform.api.tenants.resume({ tenantId });
  await server.runtime.runSchedule("settings.prune");
  expect(await clicks()).toBe(0);
});

test("the platform's own tenant neither expires nor is suspended, nor does anybody else change any", async () => {
  const { tenantId } = platform;
  for (const call of [
    () => platform.api.tenants.update({ tenantId, expiresAt: inDays(1) }),
    () => platform.api.tenants.suspend({ tenantId, because: "x" }),
  ])
    expect(await refusal(call())).toMatchObject({ code: "tenants.platform_stays" });
  const stranger = await server.asOwner();
  const clerk = await server.as("operator", platform);
  for (const { api } of [stranger, clerk]) {
    for (const call of [
      () => api.tenants.update({ tenantId: stranger.tenantId, plan: "partner" }),
      () => api.tenants.resume({ tenantId: stranger.tenantId }),
      () => api.tenants.list({}),
      () => api.tenants.report({ tenantId: platform.tenantId }),
    ])
      expect(await refusal(call())).toMatchObject({ status: 403 });
  }
  expect((await stranger.api.access.listPermissions()).items.map(({ code }) => code)).not.toContain("tenants:manage");
  const nobody = newId(clock.now());
  expect(await refusal(platform.api.tenants.update({ tenantId: nobody, plan: "basic" }))).toMatchObject({
    status: 404,
  });
  const unknown = platform.api.tenants.update({ tenantId: stranger.tenantId, limits: { "tea.cups": 3 } });
  expect(await refusal(unknown)).toMatchObject({ code: "tenants.unknown_limit", details: { limit: "tea.cups" } });
});

test("a business is opened with an owner who is invited; another link is made while nobody can sign in", async () => {
  const given = { name: "桂花糕铺", plan: "growth" as const, ownerName: "小满", ownerLogin: "man@osmanthus.example" };
  const { id: tenantId, invitation } = await platform.api.tenants.create({ ...given, expiresAt: inDays(40) });
  const row = async () => (await platform.api.tenants.list({ search: "桂花" })).items[0];
  expect(await row()).toMatchObject({ isPlatform: false, awaitsOwner: true });
  const again = await platform.api.tenants.invite({ tenantId });
  expect(again).toMatchObject({ login: given.ownerLogin, ownerName: "小满" });
  const accept = (token: string) => server.anonymous().access.acceptInvitation({ token, password: testPassword });
  expect(await refusal(accept(invitation.token))).toMatchObject({ code: "access.invitation_over" });
  const { me } = await accept(again.invitation.token);
  expect(me).toMatchObject({ tenant: { id: tenantId, name: "桂花糕铺" }, terms: { plan: "growth", state: "active" } });
  expect(me.permissions).toContain("access:write");
  expect(me.permissions).not.toContain("tenants:manage");
  expect(await refusal(platform.api.tenants.invite({ tenantId }))).toMatchObject({ code: "tenants.in_use" });
  expect(await row()).toMatchObject({ awaitsOwner: false });
  const { items } = await platform.api.tenants.list({ search: "桂花", state: ["active"] });
  expect(items).toMatchObject([{ id: tenantId, plan: "growth", fullestPercent: 5 }]);
});

test("why a business is suspended is told to all of its staff, as long as it is", async () => {
  const owner = await server.asOwner();
  const { tenantId } = owner;
  const clerk = await server.as("reviewer", owner);
  await platform.api.tenants.suspend({ tenantId, because: "账单逾期" });
  for (const { api } of [owner, clerk]) {
    expect((await api.access.me()).terms).toMatchObject({ state: "suspended", because: "账单逾期" });
    const titles = (await api.notifications.list({})).items.map(({ title }) => title.zh);
    expect(titles).toEqual(["平台已暂停本企业，目前只能查看和导出。原因：账单逾期"]);
  }
  await platform.api.tenants.resume({ tenantId });
  expect((await clerk.api.access.me()).terms).toMatchObject({ state: "active", because: "" });
});

test("a limit that was agreed stays agreed, though the plan says the same", async () => {
  const { tenantId } = await server.asOwner();
  const limitOf = (report: Awaited<ReturnType<typeof platform.api.tenants.report>>) =>
    report.use.find(({ name }) => name === "access.accounts");
  const agreed = await platform.api.tenants.update({ tenantId, plan: "basic", limits: { "access.accounts": 5 } });
  expect(limitOf(agreed)).toMatchObject({ most: 5, planMost: 5, isOwn: true });
  expect(limitOf(await platform.api.tenants.update({ tenantId, limits: {} }))).toMatchObject({ most: 5, isOwn: false });
});

test("both logs tell who changed what a business had agreed on, from what to what", async () => {
  const owner = await server.asOwner();
  await platform.api.tenants.update({ tenantId: owner.tenantId, plan: "basic", limits: { "access.accounts": 9 } });
  for (const { api } of [platform, owner]) {
    const { items } = await api.audit.list({ thingId: owner.tenantId });
    const { entry } = await api.audit.get({ entryId: items[0]!.id });
    expect(entry.details).toMatchObject({ was: { plan: "partner" }, is: { limits: { "access.accounts": 9 } } });
  }
});
