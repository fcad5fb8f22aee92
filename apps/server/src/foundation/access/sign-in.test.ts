import { newId } from "@zhanggui/kit/contract/ids";
import { readEnv } from "@zhanggui/kit/server/env";
import { createLog } from "@zhanggui/kit/server/log";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import {
  openTestServer,
  testPassword as password,
  testSecrets,
  type Api,
  type Member,
  type TestServer,
} from "../../testing/test-server.ts";
import { LoginAttempts, unlockLogin } from "./internal/login-attempts.ts";
import { unlock } from "./unlock.ts";

const minuteMs = 60_000;
let server: TestServer;
let owner: Member;
let roleIds: string[];
let made = 0;
const newLogin = (): string => `person-${++made}@lantern-tea.example`;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  // What a guess costs besides is looked at in codes/proofs.test.ts.
  const { api } = await server.asPlatformOwner();
  await api.settings.change({ key: "codes.proofAfterFailures", value: 0, version: 0, level: "platform" });
});
afterAll(() => server.close());
beforeEach(async () => {
  owner = await server.asOwner();
  roleIds = await financeOf(owner);
});

async function financeOf({ api }: Member): Promise<string[]> {
  return (await api.access.listRoles()).items.filter(({ builtIn }) => builtIn === "finance").map(({ id }) => id);
}

async function newAccount(login = newLogin()): Promise<{ login: string; id: string }> {
  const { id } = await owner.api.access.createAccount({ login, displayName: "Finance", password, roleIds });
  return { login, id };
}

let addresses = 0;
/** A client at an address that nobody else has. */
const elsewhere = (): Api =>
  server.anonymous({ "x-forwarded-for": `198.51.${(addresses >> 8) & 255}.${addresses++ & 255}` });
const from = (address: string): Api => server.anonymous({ "x-forwarded-for": address });

async function guess(api: Api, login: string, times: number): Promise<string[]> {
  const codes = [];
  for (let n = 0; n < times; n++) {
    codes.push((await refusal(api.access.login({ login, password: `guess ${n}` }))).code);
  }
  return codes;
}

describe("a guesser", () => {
  test("ASVS 6.3.1: locks out their own place after five, for fifteen minutes, whether the login exists or not", async () => {
    const { login } = await newAccount();
    for (const name of [login, newLogin()]) {
      const api = elsewhere();
      expect(await guess(api, name, 5)).toEqual(Array(5).fill("access.wrong_credentials"));
      expect(await refusal(api.access.login({ login: name, password }))).toMatchObject({
        code: "access.locked_out",
        status: 423,
        details: { seconds: expect.any(Number) },
        detail: expect.stringContaining("in 15 minutes") as string,
      });
      server.clock.advance(10 * minuteMs);
      // Knocking doesn't prolong it.
      expect(await refusal(api.access.login({ login: name, password }))).toMatchObject({ code: "access.locked_out" });
      server.clock.advance(5 * minuteMs);
      expect(await guess(api, name, 1)).toEqual(["access.wrong_credentials"]);
    }
  });

  test("ASVS 6.1.1: doesn't lock the owner out, who comes from elsewhere", async () => {
    const { login } = await newAccount();
    await guess(elsewhere(), login, 10);
    expect(await elsewhere().access.login({ login, password })).toMatchObject({ me: { account: { login } } });
  });

  test("has one place with all the addresses of an IPv6 /64, and another one with the next", async () => {
    const { login } = await newAccount();
    for (let n = 0; n < 5; n++) await guess(from(`2001:db8:0:1::${n + 1}`), login, 1);
    expect(await guess(from("2001:db8:0:1:ffff::9"), login, 1)).toEqual(["access.locked_out"]);
    expect(await guess(from("2001:db8:0:2::1"), login, 1)).toEqual(["access.wrong_credentials"]);
  });

  test("who tries a hundred at once gets no further than five", async () => {
    const { login } = await newAccount();
    const api = elsewhere();
    const guesses = Array.from({ length: 100 }, (_, n) => refusal(api.access.login({ login, password: `guess ${n}` })));
    const codes = (await Promise.all(guesses)).map(({ code }) => code);
    expect(codes.filter((code) => code === "access.wrong_credentials")).toHaveLength(5);
    // The others waited, and were locked out by then, or didn't even get that far.
    expect(codes.filter((code) => code === "access.locked_out" || code === "kit.too_many_requests")).toHaveLength(95);
  });

  test("who goes through many logins gets no further than fifty; right sign-ins from there don't count", async () => {
    const api = elsewhere();
    const { login } = await newAccount();
    for (let n = 0; n < 10; n++) await api.access.login({ login, password });
    for (let n = 0; n < 50; n++) {
      expect(await guess(api, newLogin(), 1)).toEqual(["access.wrong_credentials"]);
    }
    expect(await guess(api, newLogin(), 1)).toEqual(["access.place_locked_out"]);
    expect(await refusal(api.access.login({ login, password }))).toMatchObject({
      detail: "Too many wrong passwords from your network, over all its logins. Try again in 15 minutes.",
      details: { seconds: expect.any(Number) },
    });
    server.clock.advance(15 * minuteMs);
    expect(await api.access.login({ login, password })).toBeDefined();
  });

  test("with many places is slowed down after twenty, and the owner with them, at most by a minute", async () => {
    const { login } = await newAccount();
    for (let n = 0; n < 20; n++) await guess(elsewhere(), login, 1);
    expect(await guess(elsewhere(), login, 1)).toEqual(["kit.too_many_requests"]);
    for (let n = 0; n < 12; n++) {
      server.clock.advance(minuteMs);
      expect(await guess(elsewhere(), login, 2)).toEqual(["access.wrong_credentials", "kit.too_many_requests"]);
    }
    expect(await refusal(elsewhere().access.login({ login, password }))).toMatchObject({
      code: "kit.too_many_requests",
    });
    server.clock.advance(minuteMs);
    expect(await elsewhere().access.login({ login, password })).toBeDefined();
  });

  test("who forgot their password isn't one: the right one forgets the wrong ones", async () => {
    const { login } = await newAccount();
    const api = elsewhere();
    for (let n = 0; n < 3; n++) {
      await guess(api, login, 4);
      await api.access.login({ login, password });
    }
    expect(await guess(api, login, 5)).not.toContain("access.locked_out");
  });
});

test("ASVS 6.3.8: a lock doesn't tell whether there is such a login, nor in which tenants, however it is asked for", async () => {
  const { login } = await newAccount();
  const [its, other, none] = [owner.tenantId, (await server.asOwner()).tenantId, newId(server.clock.now())];
  const ways = [undefined, its, other, none];
  const seen = async (name: string): Promise<string[]> => {
    const codes = [];
    for (const first of ways) {
      const api = elsewhere();
      const ask = async (tenantId: string | undefined, n: number): Promise<string> =>
        (await refusal(api.access.login({ login: name, password: `guess ${n}`, tenantId }))).code;
      for (let n = 0; n < 5; n++) await ask(first, n);
      for (const then of ways) codes.push(await ask(then, 6));
    }
    return codes;
  };
  expect(await seen(login)).toEqual(await seen(newLogin()));
});

describe("a device that has signed in before", () => {
  test("ASVS 6.1.1: gets in while guessers, at its own address or everywhere, are locked out and slowed down", async () => {
    const { login } = await newAccount();
    const office = elsewhere();
    const { deviceToken } = await office.access.login({ login, password });
    await guess(office, login, 6);
    for (let n = 0; n < 20; n++) await guess(elsewhere(), login, 1);
    expect(await refusal(office.access.login({ login, password }))).toMatchObject({ code: "access.locked_out" });
    expect(await office.access.login({ login, password, deviceToken })).toBeDefined();
    // One wrong try of its own isn't a lock, whatever the others did.
    expect(await refusal(office.access.login({ login, password: "wrong", deviceToken }))).toMatchObject({
      code: "access.wrong_credentials",
    });
  });

  test("has five tries of its own, no more", async () => {
    const { login } = await newAccount();
    const { deviceToken } = await elsewhere().access.login({ login, password });
    for (let n = 0; n < 5; n++) {
      await refusal(elsewhere().access.login({ login, password: `guess ${n}`, deviceToken }));
    }
    const api = elsewhere();
    await guess(api, login, 5);
    expect(await refusal(api.access.login({ login, password, deviceToken }))).toMatchObject({
      code: "access.locked_out",
    });
  });

  test("is known for its own account only, and not by a made-up token", async () => {
    const [mine, theirs] = [await newAccount(), await newAccount()];
    const { deviceToken, accessToken } = await elsewhere().access.login({ login: mine.login, password });
    const api = elsewhere();
    await guess(api, theirs.login, 5);
    for (const token of [deviceToken, accessToken, "made up"]) {
      const tried = api.access.login({ login: theirs.login, password, deviceToken: token });
      expect(await refusal(tried)).toMatchObject({ code: "access.locked_out" });
    }
    expect(await refusal(server.anonymous({ authorization: `Bearer ${deviceToken}` }).access.me())).toMatchObject({
      code: "kit.unauthenticated",
    });
  });
});

describe("a way back", () => {
  test("for an administrator: the account is unlocked, and no other", async () => {
    const [one, other] = [await newAccount(), await newAccount()];
    const api = elsewhere();
    for (const { login } of [one, other]) await guess(api, login, 5);
    await owner.api.access.unlockAccount({ accountId: one.id });
    expect(await api.access.login({ login: one.login, password })).toBeDefined();
    expect(await guess(api, other.login, 1)).toEqual(["access.locked_out"]);
  });

  test("for the operator: the login and the places that it was tried from", async () => {
    const { login } = await newAccount();
    const api = elsewhere();
    await guess(api, login, 5);
    for (let n = 0; n < 45; n++) await guess(api, newLogin(), 1);
    expect(await guess(api, login, 1)).toEqual(["access.place_locked_out"]);
    expect(await unlockLogin(server.runtime.unscopedDb(), login)).toBe(true);
    expect(await api.access.login({ login, password })).toBeDefined();
    expect(await unlockLogin(server.runtime.unscopedDb(), newLogin())).toBe(false);
  });

  test("for the operator: a place whose every try was somebody else's", async () => {
    const api = server.anonymous({ "x-forwarded-for": "2001:db8:7::1" });
    for (let n = 0; n < 50; n++) await guess(api, newLogin(), 1);
    const { login } = await newAccount();
    expect(await guess(api, login, 1)).toEqual(["access.place_locked_out"]);
    const log = createLog("silent");
    const variables = { DATABASE_URL: server.databaseUrl, ...testSecrets };
    await unlock(readEnv(variables), log, "2001:db8:7::ffff");
    expect(await api.access.login({ login, password })).toBeDefined();
  });
});

test("ASVS 6.3.1: guesses of the current password, in a session, lock out that and nothing else", async () => {
  const { login } = await newAccount();
  const { accessToken } = await elsewhere().access.login({ login, password });
  const api = server.anonymous({ authorization: `Bearer ${accessToken}` });
  const change = (currentPassword: string) =>
    api.access.changePassword({ currentPassword, newPassword: "another horse battery" });
  for (let n = 0; n < 5; n++) expect((await refusal(change("wrong"))).code).toBe("access.wrong_credentials");
  expect((await refusal(change(password))).code).toBe("access.locked_out");
  expect(await elsewhere().access.login({ login, password })).toBeDefined();
});

describe("one login in several tenants", () => {
  async function twins(passwords: readonly string[]) {
    const login = newLogin();
    const members = [];
    for (const given of passwords) {
      const tenant = await server.asOwner();
      const account = { login, displayName: "Twin", password: given, roleIds: await financeOf(tenant) };
      const { id } = await tenant.api.access.createAccount(account);
      members.push({ tenant, accountId: id });
    }
    return { login, members };
  }
  const horse = (n: number): string => `a horse of tenant ${n}`;

  test("isn't told to another tenant, and is taken within its own", async () => {
    const { login, members } = await twins([horse(1), horse(2)]);
    const { tenant } = members[0]!;
    const again = { login, displayName: "Again", password, roleIds: await financeOf(tenant) };
    expect(await refusal(tenant.api.access.createAccount(again))).toMatchObject({
      code: "access.login_taken",
      status: 409,
      errors: [{ field: "login" }],
    });
  });

  test("goes to the one whose password it is", async () => {
    const { login, members } = await twins([horse(1), horse(2), horse(3)]);
    for (const [index, { tenant }] of members.entries()) {
      const { me } = await elsewhere().access.login({ login, password: horse(index + 1) });
      expect(me.tenant.id).toBe(tenant.tenantId);
    }
    expect(await refusal(elsewhere().access.login({ login, password }))).toMatchObject({
      code: "access.wrong_credentials",
    });
  });

  test("asks which, where the password fits in several: of those alone, and not of disabled accounts", async () => {
    const { login, members } = await twins([password, horse(2), password]);
    const fits = [members[0]!, members[2]!];
    const api = elsewhere();
    const problem = await refusal(api.access.login({ login, password }));
    expect(problem).toMatchObject({ code: "access.choose_tenant", status: 409 });
    expect(problem.details?.["tenants"]).toEqual(
      fits.map(({ tenant }) => ({ id: tenant.tenantId, name: "Lantern Tea" })),
    );
    for (const { tenant } of fits) {
      const { me } = await api.access.login({ login, password, tenantId: tenant.tenantId });
      expect(me.tenant.id).toBe(tenant.tenantId);
    }
    const wrong = api.access.login({ login, password, tenantId: members[1]!.tenant.tenantId });
    expect(await refusal(wrong)).toMatchObject({ code: "access.wrong_credentials" });
    await fits[0]!.tenant.api.access.updateAccount({ accountId: fits[0]!.accountId, disabled: true });
    expect((await api.access.login({ login, password })).me.tenant.id).toBe(fits[1]!.tenant.tenantId);
  });

  test("asks which on a device that knows one of them too, and there as well counts what doesn't fit", async () => {
    const { login, members } = await twins([password, password, horse(3)]);
    const [first, second, third] = members.map(({ tenant }) => tenant.tenantId);
    const api = elsewhere();
    const { deviceToken } = await api.access.login({ login, password, tenantId: first! });
    const problem = await refusal(api.access.login({ login, password, deviceToken }));
    expect(problem).toMatchObject({
      code: "access.choose_tenant",
      details: { tenants: [{ id: first }, { id: second }] },
    });
    const chosen = await api.access.login({ login, password, deviceToken, tenantId: second! });
    expect(chosen.me.tenant.id).toBe(second);
    for (let n = 0; n < 5; n++) await refusal(api.access.login({ login, password, deviceToken }));
    // Counted twice at most: whoever means the third has three tries left.
    for (let n = 0; n < 3; n++) await refusal(api.access.login({ login, password: `guess ${n}`, tenantId: third! }));
    // Not even the right one is taken from there any more; that it was the right one isn't told.
    expect(await refusal(api.access.login({ login, password: horse(3), tenantId: third! }))).toMatchObject({
      code: "access.wrong_credentials",
    });
    expect((await elsewhere().access.login({ login, password: horse(3), tenantId: third! })).me.tenant.id).toBe(third);
  });

  test("is found in a fourth tenant by whoever says which", async () => {
    const { login, members } = await twins([1, 2, 3, 4].map(horse));
    const { tenantId } = members[3]!.tenant;
    expect(await refusal(elsewhere().access.login({ login, password: horse(4) }))).toMatchObject({ status: 401 });
    expect((await elsewhere().access.login({ login, password: horse(4), tenantId })).me.tenant.id).toBe(tenantId);
  });

  test("doesn't help whoever has it in a tenant of their own to guess on in another", async () => {
    const { login, members } = await twins([horse(1), horse(2)]);
    const [victim, attacker] = [members[0]!, members[1]!];
    const api = elsewhere();
    for (let n = 0; n < 5; n++) {
      await guess(api, login, 1);
      const { deviceToken } = await api.access.login({ login, password: horse(2) });
      await refusal(api.access.login({ login, password: `guess ${n}`, deviceToken }));
      await attacker.tenant.api.access.unlockAccount({ accountId: attacker.accountId });
    }
    expect(await refusal(api.access.login({ login, password: horse(1) }))).toMatchObject({
      code: "access.wrong_credentials",
    });
    const { tenantId } = victim.tenant;
    // From there not even the right one is taken any more, and nothing tells that it was.
    expect(await refusal(api.access.login({ login, password: horse(1), tenantId }))).toMatchObject({
      code: "access.wrong_credentials",
    });
    expect((await elsewhere().access.login({ login, password: horse(1) })).me.tenant.id).toBe(tenantId);
  });
});

test("thousands of old attempts are forgotten in batches, and the others stay", async () => {
  const db = server.runtime.unscopedDb();
  const attempt = (subject: string, minutesAgo: number) => {
    const lastAt = new Date(server.clock.now().getTime() - minutesAgo * minuteMs);
    return { subject, source: "203.0.113.9", failures: 1, lastAt };
  };
  const old = Array.from({ length: 2500 }, (_, n) => attempt(`old ${n}`, 31));
  await db
    .insertInto("access_login_attempt")
    .values([...old, attempt("new", 29)])
    .execute();
  await server.app.get(LoginAttempts).prune();
  const left = db.selectFrom("access_login_attempt").select("subject").where("source", "=", "203.0.113.9");
  expect(await left.execute()).toEqual([{ subject: "new" }]);
});
