import { keyIdOf } from "@zhanggui/kit/server/secrets";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testSecrets, type Api, type Member, type TestServer } from "../../testing/test-server.ts";

const password = "correct horse battery";
const minuteMs = 60_000;
let server: TestServer;
let owner: Member;
let made = 0;
const newLogin = (): string => `person-${++made}@lantern-tea.example`;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

/** A client whose calls come from an address of its own. */
let addresses = 0;
const elsewhere = (): Api =>
  server.anonymous({ "x-forwarded-for": `198.51.${(addresses >> 8) & 255}.${addresses++ & 255}` });

async function newAccount(): Promise<{ login: string; id: string }> {
  const { items } = await owner.api.access.listRoles();
  const roleIds = [items.find(({ builtIn }) => builtIn === "operator")!.id];
  const login = newLogin();
  const account = await owner.api.access.createAccount({ login, displayName: "Operator", password, roleIds });
  return { login, id: account.id };
}

describe("set-up", () => {
  const body = { tenantName: "灯笼茶", login: "first@lantern-tea.example", displayName: "Owner", password };

  test("the first tenant is made once, by whoever holds the token, also of twenty who try at once", async () => {
    const fresh = await openTestServer(inject("clusterUrl"));
    const api = fresh.anonymous();
    expect(await api.access.setupStatus()).toEqual({ needed: true, ways: [], demoLogins: [] });
    expect(await refusal(api.access.setup({ ...body, setupToken: "guess" }))).toMatchObject({
      code: "access.setup_closed",
      status: 403,
    });
    const setupToken = testSecrets.SETUP_TOKEN;
    expect(await refusal(api.access.setup({ ...body, setupToken, password: "password1" }))).toMatchObject({
      code: "access.weak_password",
    });
    const tries = Array.from({ length: 20 }, (_, n) =>
      fresh
        .anonymous({ "x-forwarded-for": `198.51.100.${n}` })
        .access.setup({ ...body, login: `${n}-${body.login}`, setupToken }),
    );
    const results = await Promise.allSettled(tries);
    const winners = results.filter(({ status }) => status === "fulfilled");
    expect(winners).toHaveLength(1);
    expect((await fresh.runtime.unscopedDb().selectFrom("access_account").select("id").execute()).length).toBe(1);
    expect(await api.access.setupStatus()).toMatchObject({ needed: false });
    expect(await refusal(api.access.setup({ ...body, setupToken }))).toMatchObject({ code: "access.setup_closed" });
    await fresh.close();
  });

  test("guesses of the token are limited by address", async () => {
    const fresh = await openTestServer(inject("clusterUrl"));
    const guess = (api: Api) => refusal(api.access.setup({ ...body, setupToken: "guess" }));
    const guesser = fresh.anonymous({ "x-forwarded-for": "203.0.113.1" });
    const codes = [];
    for (let attempt = 0; attempt < 12; attempt++) codes.push((await guess(guesser)).code);
    expect(codes.filter((code) => code === "access.setup_closed")).toHaveLength(10);
    expect(codes.slice(10)).toEqual(["kit.too_many_requests", "kit.too_many_requests"]);
    expect((await guess(fresh.anonymous({ "x-forwarded-for": "203.0.113.2" }))).code).toBe("access.setup_closed");
    await fresh.close();
  });

  test("nobody gets a new address by claiming one: only the proxies that are listed are believed", async () => {
    const fresh = await openTestServer(inject("clusterUrl"), { env: { TRUSTED_PROXIES: "10.0.0.0/8" } });
    const codes = [];
    for (let n = 0; n < 12; n++) {
      const guesser = fresh.anonymous({ "x-forwarded-for": `203.0.113.${n}` });
      codes.push((await refusal(guesser.access.setup({ ...body, setupToken: "guess" }))).code);
    }
    expect(codes.slice(10)).toEqual(["kit.too_many_requests", "kit.too_many_requests"]);
    await fresh.close();
  });

  test("demo logins are shown only while the demo is on", async () => {
    const demo = await openTestServer(inject("clusterUrl"), { env: { DEMO: "1" } });
    await demo.asOwner();
    expect((await demo.anonymous().access.setupStatus()).demoLogins).toHaveLength(5);
    expect((await server.anonymous().access.setupStatus()).demoLogins).toEqual([]);
    await demo.close();
  });
});

describe("sign-in", () => {
  test("a login is found in whatever case it is typed, and says who one is", async () => {
    const { login } = await newAccount();
    const session = await server.anonymous().access.login({ login: ` ${login.toUpperCase()} `, password });
    expect(session.me).toMatchObject({ account: { login }, tenant: { zone: "Asia/Shanghai" } });
    expect(session.me.permissions).toContain("audience:write");
    expect(session.me.permissions).not.toContain("access:write");
  });

  test("ASVS 6.3.8: unknown login, wrong password and disabled account are told apart by nobody", async () => {
    const { login, id } = await newAccount();
    await owner.api.access.updateAccount({ accountId: id, disabled: true });
    const api = elsewhere();
    const refusals = await Promise.all([
      refusal(api.access.login({ login: newLogin(), password })),
      refusal(api.access.login({ login: owner.accountId, password })),
      refusal(api.access.login({ login, password })),
    ]);
    for (const each of refusals)
      expect(each).toMatchObject({ code: "access.wrong_credentials", status: 401, errno: 1401 });
    expect(new Set(refusals.map(({ detail }) => detail)).size).toBe(1);
  });

  test("twelve right sign-ins at once all succeed", async () => {
    const { login } = await newAccount();
    const api = server.anonymous();
    const sessions = await Promise.all(Array.from({ length: 12 }, () => api.access.login({ login, password })));
    expect(new Set(sessions.map(({ refreshToken }) => refreshToken)).size).toBe(12);
  });

  test("ASVS 6.3.1: a flood of made-up logins is turned away, and the server lives on", async () => {
    const api = server.anonymous();
    const flood = Array.from({ length: 400 }, (_, n) =>
      refusal(
        server.anonymous({ "x-forwarded-for": `192.0.2.${n % 40}` }).access.login({ login: newLogin(), password }),
      ),
    );
    const codes = new Set((await Promise.all(flood)).map(({ code }) => code));
    // On a machine with other work those that were let in may wait for longer than a call may.
    codes.delete("kit.time_limit_exceeded");
    expect(codes).toEqual(new Set(["access.wrong_credentials", "kit.too_many_requests"]));
    expect(await api.access.login({ login: (await newAccount()).login, password })).toBeDefined();
  });

  test("sessions that ended long ago are forgotten, the others are not", async () => {
    const { login, id } = await newAccount();
    const api = server.anonymous();
    const old = await api.access.login({ login, password });
    await server.anonymous({ authorization: `Bearer ${old.accessToken}` }).access.logout();
    const rows = () =>
      server.runtime.unscopedDb().selectFrom("access_session").select("id").where("accountId", "=", id).execute();
    server.clock.advance(31 * 24 * 60 * minuteMs);
    const fresh = await api.access.login({ login, password });
    await server.runtime.runSchedule("access.prune");
    expect((await rows()).length).toBe(1);
    expect(await api.access.refresh({ refreshToken: fresh.refreshToken })).toBeDefined();
    owner = await server.asOwner();
  });
});

describe("sessions", () => {
  const session = async () => server.anonymous().access.login({ login: (await newAccount()).login, password });
  const meOf = (accessToken: string) => server.anonymous({ authorization: `Bearer ${accessToken}` }).access.me();

  test("ASVS 9.2.1: a token of 59 minutes works, one of 61 is refused with 1406 (D-43)", async () => {
    const { accessToken } = await session();
    server.clock.advance(59 * minuteMs);
    expect(await meOf(accessToken)).toMatchObject({ account: { displayName: "Operator" } });
    server.clock.advance(2 * minuteMs);
    expect(await refusal(meOf(accessToken))).toMatchObject({ code: "kit.session_expired", status: 401, errno: 1406 });
  });

  test("ASVS 9.1.1, 9.1.2, 9.1.3, 9.2.3: a forged, foreign or unsigned token is refused with 1401", async () => {
    const { me } = await session();
    const claims = { tid: me.tenant.id, sid: me.account.id };
    const kid = keyIdOf(testSecrets.JWT_SECRET);
    const sign = (secret: string, audience: string, header: { kid?: string } = { kid }) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256", ...header })
        .setSubject(me.account.id)
        .setIssuer("zhanggui")
        .setAudience(audience)
        .setExpirationTime("2h")
        .sign(new TextEncoder().encode(secret));
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ ...claims, sub: me.account.id, exp: 9e9 })).toString("base64url")}.`;
    for (const token of [
      await sign("x".repeat(32), "zhanggui"),
      await sign(testSecrets.JWT_SECRET, "other"),
      await sign(testSecrets.JWT_SECRET, "zhanggui", {}),
      unsigned,
      "garbage",
      "",
    ]) {
      expect(await refusal(meOf(token))).toMatchObject({ code: "kit.unauthenticated", errno: 1401 });
    }
    // Its key may have been ours once: whoever has a session renews it.
    const removed = await sign(testSecrets.JWT_SECRET, "zhanggui", { kid: "unknown" });
    expect(await refusal(meOf(removed))).toMatchObject({ code: "kit.session_expired", errno: 1406 });
  });

  test("ASVS 7.3.1: a session that nobody renews for two weeks is over", async () => {
    const { refreshToken } = await session();
    server.clock.advance(14 * 24 * 60 * minuteMs + 1);
    expect(await refusal(server.anonymous().access.refresh({ refreshToken }))).toMatchObject({
      code: "access.session_ended",
    });
    owner = await server.asOwner();
  });

  test.each(["", "a.b.c", "x".repeat(200)])("a malformed refresh token (%s) is refused", async (refreshToken) => {
    expect(await refusal(server.anonymous().access.refresh({ refreshToken }))).toMatchObject({
      code: "access.session_ended",
    });
  });

  test("ASVS 7.4.1, 7.4.2: signing out, disabling and a new password end sessions at once", async () => {
    const { login, id } = await newAccount();
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => server.anonymous().access.login({ login, password })));
    const as = (token: string) => server.anonymous({ authorization: `Bearer ${token}` });
    await as(a!.accessToken).access.logout();
    expect(await refusal(meOf(a!.accessToken))).toMatchObject({ code: "kit.session_expired" });
    const change = { currentPassword: password, newPassword: "a longer horse battery" };
    expect(await refusal(as(b!.accessToken).access.changePassword({ ...change, currentPassword: "no" }))).toMatchObject(
      { code: "access.wrong_credentials" },
    );
    await as(b!.accessToken).access.changePassword(change);
    expect(await meOf(b!.accessToken)).toBeDefined();
    expect(await refusal(meOf(c!.accessToken))).toMatchObject({ code: "kit.session_expired" });
    await owner.api.access.updateAccount({ accountId: id, disabled: true });
    expect(await refusal(meOf(b!.accessToken))).toMatchObject({ code: "kit.session_expired" });
  });
});

describe("accounts and roles", () => {
  test("ASVS 8.3.2: what a role grants holds from the next call", async () => {
    const role = await owner.api.access.createRole({ name: "Guest", permissions: [] });
    const login = newLogin();
    await owner.api.access.createAccount({ login, displayName: "Guest", password, roleIds: [role.id] });
    const { accessToken } = await server.anonymous().access.login({ login, password });
    const guest = server.anonymous({ authorization: `Bearer ${accessToken}` });
    expect(await refusal(guest.audience.listPeople())).toMatchObject({ code: "kit.forbidden", status: 403 });
    await owner.api.access.updateRole({ roleId: role.id, permissions: ["audience:read"] });
    expect(await guest.audience.listPeople()).toMatchObject({ items: [] });
  });

  test("an owner's role grants every permission there is", async () => {
    const { items } = await owner.api.access.listRoles();
    const { items: permissions } = await owner.api.access.listPermissions();
    const builtIn = items.find((role) => role.builtIn === "owner")!;
    expect(builtIn.permissions.toSorted()).toEqual(permissions.map(({ code }) => code).toSorted());
    expect(await refusal(owner.api.access.updateRole({ roleId: builtIn.id, permissions: [] }))).toMatchObject({
      code: "access.role_fixed",
    });
  });

  test("a permission that doesn't exist, a login that is taken, a password that is guessed are refused", async () => {
    expect(await refusal(owner.api.access.createRole({ name: "Guest", permissions: [] }))).toMatchObject({
      code: "access.role_name_taken",
      errors: [{ field: "name" }],
    });
    expect(await refusal(owner.api.access.createRole({ name: "Odd", permissions: ["tea:drink"] }))).toMatchObject({
      code: "access.unknown_permission",
    });
    const { login } = await newAccount();
    const roleIds = (await owner.api.access.listRoles()).items.map(({ id }) => id).slice(0, 1);
    const account = { login, displayName: "Twin", password, roleIds };
    expect(await refusal(owner.api.access.createAccount(account))).toMatchObject({
      code: "access.login_taken",
      errno: 2004,
      status: 409,
    });
    expect(
      await refusal(owner.api.access.createAccount({ ...account, login: newLogin(), password: "88888888" })),
    ).toMatchObject({ code: "access.weak_password" });
    const stranger = await server.asOwner();
    const foreign = (await stranger.api.access.listRoles()).items.map(({ id }) => id).slice(0, 1);
    expect(
      await refusal(owner.api.access.createAccount({ ...account, login: newLogin(), roleIds: foreign })),
    ).toMatchObject({ code: "kit.not_found" });
  });

  test("the last owner can't be shut out, also not by two owners at once", async () => {
    const tenant = await server.asOwner();
    expect(
      await refusal(tenant.api.access.updateAccount({ accountId: tenant.accountId, disabled: true })),
    ).toMatchObject({ code: "access.last_owner" });
    for (let round = 0; round < 20; round++) {
      const pair = await server.asOwner();
      const other = await server.as("owner", pair);
      const results = await Promise.allSettled([
        pair.api.access.updateAccount({ accountId: other.accountId, disabled: true }),
        other.api.access.updateAccount({ accountId: pair.accountId, disabled: true }),
      ]);
      expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
    }
  });
});
