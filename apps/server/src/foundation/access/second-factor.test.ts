import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword as password, type Member, type TestServer } from "../../testing/test-server.ts";
import { base32, fromBase32, hotp, stepOf, stepOfCode } from "./internal/totp.ts";

let server: TestServer;
let owner: Member;
let roleId: string;
let made = 0;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  roleId = (await owner.api.access.createRole({ name: "店员", permissions: ["links:read"] })).id;
});
afterAll(() => server.close());

/** Each call from a place of its own, unless one is named: wrong tries count by place. */
const from = (place = `203.0.113.${++made % 250}`) => server.anonymous({ "x-forwarded-for": place });
async function account() {
  const login = `someone-${++made}@lantern-tea.example`;
  const { id } = await owner.api.access.createAccount({ login, displayName: "阿岚", password, roleIds: [roleId] });
  const { accessToken } = await from().access.login({ login, password });
  return { id, login, api: server.anonymous({ authorization: `Bearer ${accessToken}` }) };
}
/** With the factor switched on, and a code for each time that is asked for. */
async function guarded() {
  const { id, login, api } = await account();
  const { secret } = await api.access.beginSecondFactor({ password });
  const now = (by = 0): string => hotp(fromBase32(secret), stepOf(server.clock.now()) + by);
  const next = (): string => {
    server.clock.advance(30_000);
    return now();
  };
  const { recoveryCodes } = await api.access.confirmSecondFactor({ code: now() });
  return { id, login, api, secret, recoveryCodes, now, next };
}
const wrong = { code: "access.wrong_code", status: 401, errors: [{ field: "code" }] };

describe("codes", () => {
  test("are those of RFC 4226, appendix D, and RFC 6238, appendix B", () => {
    const secret = Buffer.from("12345678901234567890");
    const expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ");
    expect(expected.map((_, counter) => hotp(secret, counter))).toEqual(expected);
    const times: readonly (readonly [string, string])[] = [
      ["1970-01-01T00:00:59Z", "287082"],
      ["2005-03-18T01:58:29Z", "081804"],
      ["2009-02-13T23:31:30Z", "005924"],
      ["2603-10-11T11:33:20Z", "353130"],
    ];
    for (const [at, code] of times) expect(stepOfCode(secret, code, new Date(at))).toBe(stepOf(new Date(at)));
  });

  test("have secrets in base32 as RFC 4648, §10, has it", () => {
    const vectors = { f: "MY", fo: "MZXQ", foo: "MZXW6", foob: "MZXW6YQ", fooba: "MZXW6YTB", foobar: "MZXW6YTBOI" };
    for (const [text, encoded] of Object.entries(vectors)) {
      expect(base32(Buffer.from(text))).toBe(encoded);
      expect(fromBase32(encoded).toString()).toBe(text);
    }
  });
});

test("confirmed at once with three codes that are right, it has one set of recovery codes", async () => {
  for (let round = 0; round < 10; round++) {
    const { api } = await account();
    const { secret } = await api.access.beginSecondFactor({ password });
    const codes = [-1, 0, 1].map((by) => hotp(fromBase32(secret), stepOf(server.clock.now()) + by));
    const confirmed = await Promise.allSettled(codes.map((code) => api.access.confirmSecondFactor({ code })));
    expect(confirmed.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await api.access.getSecondFactor()).toEqual({ isOn: true, recoveryCodesLeft: 10 });
  }
});

test("a secret asks for nothing until its first code confirms it; then a password alone opens nothing", async () => {
  const { login, api } = await account();
  expect(await refusal(api.access.beginSecondFactor({ password: "not it at all" }))).toMatchObject({
    code: "access.wrong_credentials",
  });
  const { secret, uri } = await api.access.beginSecondFactor({ password });
  expect(uri).toBe(`otpauth://totp/Lantern%20Tea:${encodeURIComponent(login)}?secret=${secret}&issuer=Lantern%20Tea`);
  // The answer may have been lost: it is the same.
  expect(await api.access.beginSecondFactor({ password })).toMatchObject({ secret });
  const { accessToken: byPassword } = await from().access.login({ login, password });
  expect(await refusal(api.access.confirmSecondFactor({ code: "000000" }))).toMatchObject(wrong);
  const code = hotp(fromBase32(secret), stepOf(server.clock.now()));
  const { recoveryCodes } = await api.access.confirmSecondFactor({ code });
  // ASVS 7.4.3: what began with the password alone is over, and this session goes on.
  const elsewhere = server.anonymous({ authorization: `Bearer ${byPassword}` });
  expect(await refusal(elsewhere.access.me())).toMatchObject({ code: "kit.session_expired" });
  expect(await api.access.me()).toBeDefined();
  expect(new Set(recoveryCodes).size).toBe(10);
  expect(await api.access.getSecondFactor()).toEqual({ isOn: true, recoveryCodesLeft: 10 });
  expect(await refusal(from().access.login({ login, password }))).toMatchObject({
    code: "access.code_needed",
    status: 409,
  });
  // Only whoever has the password hears of it.
  expect(await refusal(from().access.login({ login, password: "not it at all" }))).toMatchObject({
    code: "access.wrong_credentials",
  });
  expect(await refusal(api.access.beginSecondFactor({ password }))).toMatchObject({ code: "kit.conflict" });
  const [row] = await server.runtime.ctx(owner.tenantId).sql<{ secretSealed: string }>`
    SELECT secret_sealed FROM access_second_factor LIMIT 1`;
  expect(row!.secretSealed).not.toContain(secret);
});

describe("a code", () => {
  test("ASVS 6.5.1, 6.5.5: opens within a step of its time, once, whoever brings it at once, in 100 rounds", async () => {
    const { login, now, next } = await guarded();
    server.clock.advance(120_000);
    expect(await refusal(from().access.login({ login, password, code: now(-2) }))).toMatchObject(wrong);
    expect(await refusal(from().access.login({ login, password, code: now(2) }))).toMatchObject(wrong);
    expect(await from().access.login({ login, password, code: now(-1) })).toBeDefined();
    // An earlier one than the last that was taken isn't taken any more.
    expect(await from().access.login({ login, password, code: now() })).toBeDefined();
    expect(await refusal(from().access.login({ login, password, code: now(-1) }))).toMatchObject(wrong);
    for (let round = 0; round < 100; round++) {
      const code = next();
      const tries = await Promise.allSettled([1, 2].map(() => from().access.login({ login, password, code })));
      expect(tries.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    }
  });

  test("ASVS 6.6.3: is guessed five times from one place, which holds up nobody whose device is known", async () => {
    const { login, next, now } = await guarded();
    const { deviceToken } = await from("198.51.100.7").access.login({ login, password, code: next() });
    for (let n = 0; n < 5; n++) {
      const guess = from("198.51.100.66").access.login({ login, password, code: "000000" });
      expect(await refusal(guess)).toMatchObject(wrong);
    }
    const locked = { code: "access.locked_out", status: 423 };
    const right = next();
    expect(await refusal(from("198.51.100.66").access.login({ login, password, code: right }))).toMatchObject(locked);
    expect(await from("198.51.100.66").access.login({ login, password, code: right, deviceToken })).toBeDefined();
    for (let n = 0; n < 5; n++)
      await refusal(from("198.51.100.7").access.login({ login, password, code: "000000", deviceToken }));
    const code = next();
    expect(await refusal(from().access.login({ login, password, code, deviceToken }))).toMatchObject(locked);
    expect(now()).toBe(code);
  });

  test("in a session of one's own is guessed five times, too", async () => {
    const { api, next } = await guarded();
    for (let n = 0; n < 5; n++)
      expect(await refusal(api.access.endSecondFactor({ code: "000000" }))).toMatchObject(wrong);
    expect(await refusal(api.access.endSecondFactor({ code: next() }))).toMatchObject({ code: "access.locked_out" });
  });
});

describe("recovery codes", () => {
  test("ASVS 6.5.1: are good once, however they are typed, and give way to newer ones", async () => {
    const { login, api, recoveryCodes, next } = await guarded();
    const [first = "", second = ""] = recoveryCodes;
    const code = first.toLowerCase().replaceAll("-", " ");
    expect(await from().access.login({ login, password, code })).toBeDefined();
    expect(await refusal(from().access.login({ login, password, code: first }))).toMatchObject(wrong);
    expect(await api.access.getSecondFactor()).toEqual({ isOn: true, recoveryCodesLeft: 9 });
    const renewed = await api.access.renewRecoveryCodes({ code: next() });
    expect(await refusal(from().access.login({ login, password, code: second }))).toMatchObject(wrong);
    expect(await from().access.login({ login, password, code: renewed.recoveryCodes[0]! })).toBeDefined();
    const rows = await server.runtime.ctx(owner.tenantId).sql`SELECT * FROM access_recovery_code`;
    expect(JSON.stringify(rows)).not.toContain(renewed.recoveryCodes[1]!.replaceAll("-", ""));
  });
});

test("with a code it is switched off, and its recovery codes with it", async () => {
  const { login, api, next } = await guarded();
  await api.access.endSecondFactor({ code: next() });
  expect(await api.access.getSecondFactor()).toEqual({ isOn: false, recoveryCodesLeft: 0 });
  expect(await from().access.login({ login, password })).toBeDefined();
  expect(await refusal(api.access.endSecondFactor({ code: next() }))).toMatchObject({ code: "kit.conflict" });
});

test("ASVS 6.5.6: who manages accounts takes away a lost one, of nobody who holds more, and not their own", async () => {
  const { id, login } = await guarded();
  const seen = async () => {
    const [found] = (await owner.api.access.listAccounts({ search: login })).items;
    const secondFactor = found?.hasSecondFactor ? ("on" as const) : ("off" as const);
    const filtered = await owner.api.access.listAccounts({ search: login, secondFactor });
    expect(filtered.items).toHaveLength(1);
    return found?.hasSecondFactor;
  };
  expect(await seen()).toBe(true);
  const manager = await server.asHolderOf(["access:read", "access:write"], owner);
  expect(await refusal(manager.api.access.resetSecondFactor({ accountId: id }))).toMatchObject({
    code: "access.beyond_own_rights",
  });
  expect(await refusal(owner.api.access.resetSecondFactor({ accountId: owner.accountId }))).toMatchObject({
    code: "access.own_factor",
  });
  const stranger = await server.asOwner();
  expect(await refusal(stranger.api.access.resetSecondFactor({ accountId: id }))).toMatchObject({
    code: "kit.not_found",
  });
  await owner.api.access.resetSecondFactor({ accountId: id });
  expect(await seen()).toBe(false);
  expect(await from().access.login({ login, password })).toBeDefined();
  const { items } = await owner.api.audit.list({ act: ["access.resetSecondFactor"] });
  expect(items.length).toBeGreaterThan(0);
});

test("ASVS 6.4.3: a new password by an invitation doesn't take it away", async () => {
  const { id, login, next } = await guarded();
  const { token } = await owner.api.access.inviteAccount({ accountId: id });
  const accept = (code?: string) =>
    from().access.acceptInvitation({ token, password: "another long horse", ...(code && { code }) });
  expect(await refusal(accept())).toMatchObject({ code: "access.code_needed" });
  expect(await refusal(accept("000000"))).toMatchObject(wrong);
  expect(await from().access.login({ login, password, code: next() })).toBeDefined();
  expect(await accept(next())).toBeDefined();
});

test("a password alone proves no other business whose account has one", async () => {
  const { login } = await guarded();
  const elsewhere = await server.asOwner();
  const role = await elsewhere.api.access.createRole({ name: "店员", permissions: [] });
  await elsewhere.api.access.createAccount({ login, displayName: "阿岚", password, roleIds: [role.id] });
  const { accessToken } = await from().access.login({ login, password, tenantId: elsewhere.tenantId });
  const there = server.anonymous({ authorization: `Bearer ${accessToken}` });
  expect((await there.access.listOtherTenants()).items).toEqual([]);
  expect(await refusal(there.access.proveTenant({ password }))).toMatchObject({ code: "access.wrong_credentials" });
});
