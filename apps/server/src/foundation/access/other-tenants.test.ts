import { newId } from "@zhanggui/kit/contract/ids";
import { request } from "node:http";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "../../contracts.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword as password, type Api, type TestServer } from "../../testing/test-server.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { Setup } from "./setup.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  // What a guess costs besides is looked at in codes/proofs.test.ts.
  const { api } = await server.asPlatformOwner();
  await api.settings.change({ key: "codes.proofAfterFailures", value: 0, version: 0, level: "platform" });
});
afterAll(() => server.close());

const another = "another horse battery";
let made = 0;
const newLogin = (): string => `person-${++made}@lantern-tea.example`;
/** A business of whoever has this login, as its owner. */
async function open(login: string, tenantName: string, secret = password) {
  const visitor = server.runtime.ctx(newId(server.clock.now()));
  const owner = { tenantName, login, displayName: "阿青", password: secret };
  const { me, accessToken } = await server.app.get(Setup).open(visitor, owner, { first: false });
  return { tenantId: me.tenant.id, accountId: me.account.id, api: as(accessToken) };
}
function as(accessToken: string): Api {
  const headers = () => ({ "accept-language": "en", authorization: `Bearer ${accessToken}` });
  return createClient(contracts, { baseUrl: server.url, headers });
}
let addresses = 0;
/** At an address that nobody else has: guesses of one test lock nobody out in another. */
const visitor = (): Api => server.anonymous({ "x-forwarded-for": `198.51.100.${addresses++}` });
const namesOf = async (api: Api) => (await api.access.listOtherTenants()).items.map(({ name }) => name);

test("who signs in with one password to one of several businesses may go on in the others, and back", async () => {
  const login = newLogin();
  const [tea, cake] = [await open(login, "Tea"), await open(login, "Cake")];
  const session = await visitor().access.login({ login, password, tenantId: tea.tenantId });
  const inTea = as(session.accessToken);
  expect(await namesOf(inTea)).toEqual(["Cake"]);
  const switched = await inTea.access.switchTenant({ tenantId: cake.tenantId });
  expect(switched.me).toMatchObject({ tenant: { name: "Cake" }, account: { id: cake.accountId } });
  const inCake = as(switched.accessToken);
  expect((await inCake.access.me()).tenant.name).toBe("Cake");
  expect(await namesOf(inCake)).toEqual(["Tea"]);
  const about = { kind: ["signed_in" as const], act: "access.switchTenant" };
  expect((await inCake.audit.list(about)).items).toMatchObject([{ actorId: cake.accountId, outcome: "done" }]);
  // The one before isn't renewed; what its tabs are at may end.
  const { refreshToken } = session;
  expect(await refusal(visitor().access.refresh({ refreshToken }))).toMatchObject({ code: "access.session_ended" });
  expect((await inTea.access.me()).tenant.name).toBe("Tea");
  const back = await inCake.access.switchTenant({ tenantId: tea.tenantId });
  expect(back.me.account.id).toBe(tea.accountId);
});

test("the same login alone opens nothing: nobody is told of it, and nobody gets there", async () => {
  const login = newLogin();
  const [tea, trap] = [await open(login, "Tea"), await open(login, "Trap", another)];
  for (const [from, to] of [
    [tea, trap],
    [trap, tea],
  ] as const) {
    expect(await namesOf(from.api)).toEqual([]);
    const climb = from.api.access.switchTenant({ tenantId: to.tenantId });
    expect(await refusal(climb)).toMatchObject({ code: "kit.not_found", status: 404 });
  }
  const session = await visitor().access.login({ login, password, tenantId: tea.tenantId });
  expect(await namesOf(as(session.accessToken))).toEqual([]);
  const unknown = newId(server.clock.now());
  expect(await refusal(tea.api.access.switchTenant({ tenantId: unknown }))).toMatchObject({ code: "kit.not_found" });
});

test("a password that is typed opens what it fits, to this session alone; wrong ones are guesses", async () => {
  const login = newLogin();
  const [tea, cake] = [await open(login, "Tea"), await open(login, "Cake", another)];
  const elsewhere = await visitor().access.login({ login, password, tenantId: tea.tenantId });
  expect((await tea.api.access.proveTenant({ password: another })).items).toMatchObject([{ name: "Cake" }]);
  expect(await namesOf(as(elsewhere.accessToken))).toEqual([]);
  const { me } = await tea.api.access.switchTenant({ tenantId: cake.tenantId });
  expect(me.tenant.name).toBe("Cake");
  const codes = [];
  for (let n = 0; n < 6; n += 1)
    codes.push((await refusal(as(elsewhere.accessToken).access.proveTenant({ password: `guess ${n}` }))).code);
  expect(codes).toEqual([...Array(5).fill("access.wrong_credentials"), "access.locked_out"]);
});

test("what was proven ends with that password, and with that account", async () => {
  const login = newLogin();
  const [tea, cake, milk] = [await open(login, "Tea"), await open(login, "Cake"), await open(login, "Milk")];
  const session = await visitor().access.login({ login, password, tenantId: tea.tenantId });
  const api = as(session.accessToken);
  expect(await namesOf(api)).toEqual(["Cake", "Milk"]);
  await cake.api.access.changePassword({ currentPassword: password, newPassword: another });
  expect(await namesOf(api)).toEqual(["Milk"]);
  const ctx = server.runtime.ctx(milk.tenantId);
  await ctx.sql`UPDATE access_account SET disabled = true WHERE id = ${milk.accountId}`;
  expect(await namesOf(api)).toEqual([]);
  for (const { tenantId } of [cake, milk])
    expect(await refusal(api.access.switchTenant({ tenantId }))).toMatchObject({ code: "kit.not_found" });
});

test("another's session has its own: who signs in elsewhere proves it anew, and pruning takes it along", async () => {
  const login = newLogin();
  const [tea] = [await open(login, "Tea"), await open(login, "Cake")];
  await tea.api.access.proveTenant({ password });
  await tea.api.access.proveTenant({ password });
  const colleague = await server.asOwner();
  expect(await namesOf(colleague.api)).toEqual([]);
  await tea.api.access.logout();
  server.clock.advance(40 * 86_400_000);
  await server.runtime.runSchedule("access.prune");
  const left = await server.runtime.ctx(tea.tenantId).sql`SELECT 1 FROM access_session_peer`;
  expect(left).toEqual([]);
});

test("a password is held against as many accounts whether its login is known elsewhere or not", async () => {
  const known = newLogin();
  const unknown = newLogin();
  const [trap, alone] = [await open(known, "Trap"), await open(unknown, "Alone")];
  await open(known, "Tea", another);
  // Each that is admitted costs the checks of three.
  const admitted = vi.spyOn(server.app.get(LoginAttempts), "admit");
  const checks = async (login: string, { tenantId }: typeof trap): Promise<number[]> => {
    const api = visitor();
    admitted.mockClear();
    const { deviceToken } = await api.access.login({ login, password, tenantId });
    const byName = admitted.mock.calls.length;
    admitted.mockClear();
    await api.access.login({ login, password, deviceToken });
    return [byName, admitted.mock.calls.length];
  };
  expect(await checks(unknown, alone)).toEqual(await checks(known, trap));
  admitted.mockRestore();
});

test("who went through many logins doesn't open their place again by signing in to what is theirs", async () => {
  const login = newLogin();
  await open(login, "Tea");
  await open(login, "Cake", another);
  const api = visitor();
  const { deviceToken } = await api.access.login({ login, password });
  const guess = (n: number) => refusal(api.access.login({ login: newLogin(), password: `guess ${n}` }));
  for (let n = 0; n < 60; n += 1) await guess(n);
  expect((await guess(60)).code).toBe("access.place_locked_out");
  for (let n = 0; n < 3; n += 1) await api.access.login({ login, password, deviceToken });
  expect((await guess(61)).code).toBe("access.place_locked_out");
});

test("who signs in to one business again and again may still sign in to another with its own password", async () => {
  const login = newLogin();
  const [tea, cake] = [await open(login, "Tea"), await open(login, "Cake", another)];
  const api = visitor();
  for (let n = 0; n < 8; n += 1) await api.access.login({ login, password, tenantId: tea.tenantId });
  const { me } = await api.access.login({ login, password: another, tenantId: cake.tenantId });
  expect(me.tenant.name).toBe("Cake");
});

/** A call whose body comes later than its head, which says who calls. */
async function slowly(path: string, accessToken: string, body: object, meanwhile: () => Promise<unknown>) {
  const text = JSON.stringify(body);
  const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
  const call = request(`${server.url}/api${path}`, {
    method: "POST",
    headers: { ...headers, "content-length": text.length, "accept-language": "en" },
  });
  const answer = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    call.on("error", reject);
    call.on("response", (response) => {
      let got = "";
      response.on("data", (part) => (got += part));
      response.on("end", () => resolve(JSON.parse(got)));
    });
  });
  call.flushHeaders();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await meanwhile();
  call.end(text);
  return answer;
}

test("a call that began before the session ended trades it no more: neither password nor sign-out is outlived", async () => {
  const login = newLogin();
  const [tea, cake] = [await open(login, "Tea"), await open(login, "Cake")];
  const stolen = async () => (await visitor().access.login({ login, password, tenantId: tea.tenantId })).accessToken;
  const [first, second] = [await stolen(), await stolen()];
  const trade = (token: string, meanwhile: () => Promise<unknown>) =>
    slowly("/sessions/switch", token, { tenantId: cake.tenantId }, meanwhile);
  expect(await trade(first, () => as(first).access.logout())).toMatchObject({ code: "kit.session_expired" });
  const changed = () => tea.api.access.changePassword({ currentPassword: password, newPassword: another });
  expect(await trade(second, changed)).toMatchObject({ code: "kit.session_expired" });
});

test("a session is traded once, and again for a minute, should the answer be lost", async () => {
  const login = newLogin();
  const [tea, cake] = [await open(login, "Tea"), await open(login, "Cake")];
  const { accessToken } = await visitor().access.login({ login, password, tenantId: tea.tenantId });
  const { tenantId } = cake;
  await as(accessToken).access.switchTenant({ tenantId });
  server.clock.advance(50_000);
  expect((await as(accessToken).access.switchTenant({ tenantId })).me.tenant.name).toBe("Cake");
  server.clock.advance(20_000);
  const late = as(accessToken).access.switchTenant({ tenantId });
  expect(await refusal(late)).toMatchObject({ code: "kit.session_expired" });
  expect((await as(accessToken).access.me()).tenant.name).toBe("Tea");
});
