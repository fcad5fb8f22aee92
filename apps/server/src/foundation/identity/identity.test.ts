import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { clientId, clientSecret, type Said, SayingProvider } from "../../testing/identity-provider.ts";
import { refusal } from "../../testing/refusal.ts";
import { type Member, openTestServer, testPassword, type TestServer } from "../../testing/test-server.ts";
import { Sessions } from "../access/sessions.ts";
import { sessionCookie } from "../access/sign-in.contract.ts";
import { journeyCookie } from "./identity.contract.ts";

let server: TestServer;
let provider: SayingProvider;
beforeAll(async () => {
  [server, provider] = [await openTestServer(inject("clusterUrl")), await SayingProvider.open()];
});
afterAll(async () => {
  provider.close();
  await server.close();
});

let made = 0;
const newMail = (): string => `person-${++made}@lantern-tea.example`;

type NewProvider = Partial<Parameters<Member["api"]["identity"]["create"]>[0]>;

/** A business with a provider, and its operators' role. */
async function shop(given: NewProvider = {}) {
  const owner = await server.asOwner();
  const { items } = await owner.api.access.listRoles();
  const roleOf = (builtIn: string) => items.find((role) => role.builtIn === builtIn)!.id;
  const { issuer } = provider;
  const values = { name: "公司账号", issuer, clientId, clientSecret, ...given };
  const { id } = await owner.api.identity.create({ roleIds: [roleOf("operator")], ...values });
  return { owner, id, roleOf, way: `/api/sign-in/${owner.tenantId}/${id}` };
}

let travellers = 0;

/** A browser that goes to the provider and comes back. */
class Traveller {
  readonly jar = new Map<string, string>();
  readonly way: string;
  readonly #address = `198.51.100.${++travellers % 250}`;
  constructor(way: string) {
    this.way = way;
  }

  async get(path: string) {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(server.url + path, {
      redirect: "manual",
      headers: { cookie, "x-forwarded-for": this.#address },
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]!.split("=");
      if (line.includes("Max-Age=0")) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return response;
  }

  async leave(to?: string): Promise<URLSearchParams> {
    const response = await this.get(this.way + (to === undefined ? "" : `?to=${encodeURIComponent(to)}`));
    expect(response.status).toBe(302);
    return new URL(response.headers.get("location")!).searchParams;
  }

  async comeBack(left: URLSearchParams, change: Readonly<Record<string, string>> = {}) {
    const answer = { code: left.get("nonce")!, state: left.get("state")!, iss: provider.issuer, ...change };
    const response = await this.get(`/api/sign-in/callback?${new URLSearchParams(answer)}`);
    const problem = z.object({ code: z.string() }).safeParse(await response.json().catch(() => ({})));
    return { status: response.status, to: response.headers.get("location"), code: problem.data?.code };
  }

  /** There and back; what the provider says meanwhile is up to the test. */
  async signIn(said: Said, change: Readonly<Record<string, string>> = {}, to?: string) {
    provider.said = said;
    return this.comeBack(await this.leave(to), change);
  }

  async me() {
    const headers = { "content-type": "application/json", cookie: `${sessionCookie}=${this.jar.get(sessionCookie)}` };
    const response = await fetch(`${server.url}/api/sessions/refresh`, { method: "POST", headers, body: "{}" });
    const shape = z.object({
      me: z.object({
        account: z.object({
          id: z.string(),
          login: z.string(),
          displayName: z.string(),
          roles: z.array(z.object({ id: z.string() })),
        }),
        tenant: z.object({ id: z.string() }),
      }),
    });
    return shape.parse(await response.json()).me;
  }
}

const verified = (email: string, rest: object = {}) => ({
  claims: { sub: `sub of ${email}`, email, email_verified: true, ...rest },
});

describe("a provider", () => {
  test("is offered where the business is known, and by its address", async () => {
    const { owner, way, id } = await shop();
    const { tenantId } = owner;
    const offered = async (query = {}) => (await server.anonymous().access.setupStatus(query)).ways;
    expect(await offered({ tenantId })).toEqual([{ name: "公司账号", url: way }]);
    await owner.api.identity.update({ providerId: id, enabled: false });
    expect(await offered({ tenantId })).toEqual([]);
    expect((await new Traveller(way).get(way)).status).toBe(404);
    const alone = await openTestServer(inject("clusterUrl"));
    const first = await alone.asPlatformOwner();
    await first.api.identity.create({ name: "唯一的", issuer: provider.issuer, clientId });
    expect((await alone.anonymous().access.setupStatus()).ways).toMatchObject([{ name: "唯一的" }]);
    await alone.asOwner();
    expect((await alone.anonymous().access.setupStatus()).ways).toEqual([]);
    await alone.close();
  });

  test("never tells its secret, which is kept by a change that doesn't name it", async () => {
    const { owner, id, way } = await shop();
    const told = await owner.api.identity.update({ providerId: id, name: "Renamed" });
    expect(told).toMatchObject({ name: "Renamed", hasSecret: true });
    expect(JSON.stringify([told, await owner.api.identity.list({})])).not.toContain(clientSecret);
    provider.asked.length = 0;
    await new Traveller(way).signIn(verified(newMail()));
    expect(provider.asked[0]?.get("client_secret")).toBe(clientSecret);
    expect(await owner.api.identity.update({ providerId: id, clientSecret: null })).toMatchObject({ hasSecret: false });
    const { rows } = await owner.api.audit.list({ kind: "changed" }).then(
      ({ items }) => ({ rows: items }),
      () => ({ rows: [] }),
    );
    expect(JSON.stringify(rows)).not.toContain(clientSecret);
  });

  test.each([["doesn't answer", "http://127.0.0.1:9"]])(
    "is refused at its field where its issuer %s",
    async (_, issuer) => {
      const owner = await server.asOwner();
      const call = owner.api.identity.create({ name: "Wrong", issuer, clientId });
      expect(await refusal(call)).toMatchObject({ code: "identity.issuer_wrong", errors: [{ field: "issuer" }] });
    },
  );

  test("ASVS 10.5.3: is refused if it says that it is another", async () => {
    const owner = await server.asOwner();
    const posing = await SayingProvider.open();
    posing.metadata = { issuer: "https://accounts.lantern-tea.example" };
    const call = owner.api.identity.create({ name: "Posing", issuer: posing.issuer, clientId });
    expect(await refusal(call)).toMatchObject({ code: "identity.issuer_wrong" });
    posing.close();
  });

  test("is set by those alone who hold all that they could become by it", async () => {
    const { owner, id, roleOf } = await shop();
    const manager = await server.asHolderOf(["identity:manage"], owner);
    const { issuer } = provider;
    const calls = [
      () => manager.api.identity.create({ name: "Mine", issuer, clientId }),
      () => manager.api.identity.update({ providerId: id, linksByEmail: true }),
      () => manager.api.identity.delete({ providerId: id }),
    ];
    for (const call of calls) expect(await refusal(call())).toMatchObject({ code: "access.beyond_own_rights" });
    expect((await manager.api.identity.list({})).items).toHaveLength(1);
    const theirs = await shop();
    const foreign = owner.api.identity.update({ providerId: id, roleIds: [theirs.roleOf("operator")] });
    expect(await refusal(foreign)).toMatchObject({ code: "kit.not_found" });
    expect(await refusal(theirs.owner.api.identity.update({ providerId: id, name: "x" }))).toMatchObject({
      code: "kit.not_found",
    });
    expect(roleOf("operator")).not.toBe(theirs.roleOf("operator"));
  });
});

describe("whoever comes", () => {
  test("is given an account once, if the provider makes them, and is known by its subject from then on", async () => {
    const { owner, way, roleOf } = await shop({ joins: true });
    const mail = newMail();
    const said = verified(mail, { name: "  阿梅 " });
    const first = new Traveller(way);
    expect(await first.signIn(said, {}, "/people?x=1")).toEqual({
      status: 302,
      to: "/login?entered=1&to=%2Fpeople%3Fx%3D1",
      code: undefined,
    });
    const me = await first.me();
    expect(me).toMatchObject({
      account: { login: mail, displayName: "阿梅", roles: [{ id: roleOf("operator") }] },
      tenant: { id: owner.tenantId },
    });
    const renamed = { claims: { ...said.claims, email: newMail() } };
    const again = new Traveller(way);
    await again.signIn(renamed);
    expect((await again.me()).account.id).toBe(me.account.id);
    expect((await owner.api.identity.list({})).items[0]).toMatchObject({ accounts: 1 });
    const { items } = await owner.api.access.listAccounts({});
    expect(items.find(({ id }) => id === me.account.id)).toMatchObject({ state: "invited" });
  });

  test("at once, in 20 rounds of five, is one account", async () => {
    const { owner, way } = await shop({ joins: true });
    for (let round = 0; round < 20; round++) {
      provider.said = verified(newMail());
      const travellers = Array.from({ length: 5 }, () => new Traveller(way));
      const left = await Promise.all(travellers.map((each) => each.leave()));
      const came = await Promise.all(travellers.map((each, n) => each.comeBack(left[n]!)));
      expect(came.map(({ status }) => status)).toEqual(Array(5).fill(302));
    }
    expect((await owner.api.identity.list({})).items[0]).toMatchObject({ accounts: 20 });
  });

  test.each([
    ["who has no account here", {}, true],
    ["whose address isn't verified", { joins: true }, false],
    ["whose domain isn't one of those", { joins: true, domains: ["cake.example"] }, true],
    ["whom no role is meant for", { joins: true, roleIds: [] }, true],
  ])("%s is not let in", async (_, given, isVerified) => {
    const { way, owner } = await shop(given);
    const { claims } = verified(newMail());
    const traveller = new Traveller(way);
    expect(await traveller.signIn({ claims: { ...claims, email_verified: isVerified } })).toMatchObject({
      status: 403,
      code: "identity.not_invited",
    });
    expect(traveller.jar.has(sessionCookie)).toBe(false);
    expect((await owner.api.access.listAccounts({})).items).toHaveLength(1);
  });

  test("is found by a verified address only where that is wanted, and only by a verified one", async () => {
    const { owner, way, id } = await shop();
    const member = await server.as("operator", owner);
    const { login } = (await member.api.access.me()).account;
    expect(await new Traveller(way).signIn(verified(login))).toMatchObject({ code: "identity.not_invited" });
    await owner.api.identity.update({ providerId: id, linksByEmail: true });
    const { claims } = verified(login);
    const unverified = { claims: { ...claims, email_verified: false } };
    expect(await new Traveller(way).signIn(unverified)).toMatchObject({ code: "identity.not_invited" });
    const traveller = new Traveller(way);
    // At the userinfo endpoint, as many providers have it; the case doesn't matter.
    const userinfo = { email: login.toUpperCase(), email_verified: true };
    expect(await traveller.signIn({ claims: { sub: claims.sub }, userinfo })).toMatchObject({ status: 302 });
    expect((await traveller.me()).account.id).toBe(member.accountId);
  });

  test("is whom one answer of the provider names and verifies: not one's address with the other's word for it", async () => {
    const { owner, way } = await shop({ linksByEmail: true });
    const { login } = (await owner.api.access.me()).account;
    const mixed = { ...verified(newMail()), userinfo: { email: login } };
    expect(await new Traveller(way).signIn(mixed)).toMatchObject({ code: "identity.not_invited" });
  });

  test("is called as people may be called here, and gets a login that can be one", async () => {
    const { owner, way } = await shop({ joins: true });
    const local = "x".repeat(70);
    const said = [
      verified(newMail(), { name: "阿\n梅" }),
      verified(newMail(), { name: "Mei\u202ecnys" }),
      verified(newMail(), { name: "a\0b" }),
      verified(`${local}@lantern-tea.example`),
    ];
    for (const each of said) expect(await new Traveller(way).signIn(each)).toMatchObject({ status: 302 });
    for (const no of ["a b@lantern-tea.example", "lantern-tea.example", "a@b@lantern-tea.example", "\u202ea@b.example"])
      expect(await new Traveller(way).signIn(verified(no))).toMatchObject({ code: "identity.not_invited" });
    const { items } = await owner.api.access.listAccounts({});
    const called = said.map(({ claims }) => claims.email.split("@")[0]!.slice(0, 60));
    expect(items.map(({ displayName }) => displayName)).toEqual(expect.arrayContaining(called));
    expect(items).toHaveLength(5);
  });

  test("whose account is switched off while they come has no session when it is switched on again", async () => {
    const { owner, way } = await shop({ joins: true });
    const said = verified(newMail());
    const first = new Traveller(way);
    await first.signIn(said);
    const accountId = (await first.me()).account.id;
    const sessions = server.app.get(Sessions);
    const start = sessions.start.bind(sessions);
    sessions.start = async (...given) => {
      sessions.start = start;
      await owner.api.access.updateAccount({ accountId, disabled: true });
      return start(...given);
    };
    const late = new Traveller(way);
    expect(await late.signIn(said)).toMatchObject({ status: 403, code: "identity.switched_off" });
    expect(late.jar.has(sessionCookie)).toBe(false);
  });

  test("whose account is switched off stays out, also with a session that began before", async () => {
    const { owner, way } = await shop({ joins: true });
    const said = verified(newMail());
    const traveller = new Traveller(way);
    await traveller.signIn(said);
    const { account } = await traveller.me();
    await owner.api.access.updateAccount({ accountId: account.id, disabled: true });
    expect(await new Traveller(way).signIn(said)).toMatchObject({ status: 403, code: "identity.switched_off" });
  });

  test("has the roles of their groups, anew at each sign-in; of none that counts they are out", async () => {
    const { owner, way, id, roleOf } = await shop({ joins: true, groupsClaim: "groups" });
    const groupRoles = [
      { group: "finance", roleId: roleOf("finance") },
      { group: "staff", roleId: roleOf("reviewer") },
    ];
    await owner.api.identity.update({ providerId: id, groupRoles, roleIds: [] });
    const mail = newMail();
    const rolesOf = async (groups: unknown) => {
      const traveller = new Traveller(way);
      const { status } = await traveller.signIn(verified(mail, { groups }));
      return status === 302 ? (await traveller.me()).account.roles.map((role) => role.id).toSorted() : status;
    };
    expect(await rolesOf(["staff", "unknown"])).toEqual([roleOf("reviewer")]);
    expect(await rolesOf(["finance", "staff"])).toEqual([roleOf("finance"), roleOf("reviewer")].toSorted());
    expect(await rolesOf("finance")).toEqual([roleOf("finance")]);
    expect(await rolesOf([])).toBe(403);
    expect(await rolesOf({ not: "a list" })).toBe(403);
  });
});

describe("what comes back is refused", () => {
  test.each<[string, Partial<Said>, Record<string, string>]>([
    ["ASVS 10.2.1: with a state that isn't this browser's", {}, { state: "another" }],
    ["ASVS 10.2.2: from another issuer", {}, { iss: "https://another.example" }],
    ["ASVS 10.5.1: with a nonce of another sign-in", { claims: { sub: "s", nonce: "another" } }, {}],
    ["ASVS 10.5.4: for another client", { claims: { sub: "s", aud: "another" } }, {}],
    ["ASVS 9.2.1: expired", { claims: { sub: "s", exp: 1_700_000_000, iat: 1_699_999_000 } }, {}],
    ["ASVS 9.1.1: signed with a key that nobody published", { signs: "strange" }, {}],
    ["ASVS 9.1.2: not signed at all", { signs: "none" }, {}],
    ["ASVS 9.2.3: of another issuer", { claims: { sub: "s", iss: "https://another.example" } }, {}],
    ["with the subject of somebody else at userinfo", { userinfo: { sub: "another" } }, {}],
    ["with an error of the provider", {}, { error: "access_denied", error_description: "no" }],
    ["because the code is no good", { fails: { status: 400, body: '{"error":"invalid_grant"}' } }, {}],
    ["because it isn't JSON", { fails: { status: 200, body: "<html>" } }, {}],
    ["because it has no end", { fails: { status: 200, body: "x".repeat(300_000) } }, {}],
  ])("%s", async (_, said, change) => {
    const { owner, way } = await shop({ joins: true });
    const traveller = new Traveller(way);
    const answer = await traveller.signIn({ ...verified(newMail()), ...said }, change);
    expect(answer).toMatchObject({ status: 400, code: "identity.sign_in_failed" });
    expect(traveller.jar.has(sessionCookie)).toBe(false);
    expect((await owner.api.access.listAccounts({})).items).toHaveLength(1);
  });

  test("ASVS 10.1.2: in a browser that nobody left from, and after ten minutes", async () => {
    const { way } = await shop({ joins: true });
    provider.said = verified(newMail());
    const [attacker, victim] = [new Traveller(way), new Traveller(way)];
    const left = await attacker.leave();
    expect(await victim.comeBack(left)).toMatchObject({ code: "identity.sign_in_failed" });
    server.clock.advance(600_001);
    expect(await attacker.comeBack(left)).toMatchObject({ code: "identity.sign_in_failed" });
    const late = new Traveller(way);
    late.jar.set(journeyCookie, "no seal");
    expect(await late.comeBack(left)).toMatchObject({ code: "identity.sign_in_failed" });
  });

  test("ASVS 10.2.1: PKCE, state and nonce are new each time, and the verifier is what was promised", async () => {
    const { way } = await shop({ joins: true });
    const traveller = new Traveller(way);
    provider.said = verified(newMail());
    const [a, b] = [await traveller.leave(), await traveller.leave()];
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(a.get(name)!.length).toBeGreaterThanOrEqual(32);
      expect(a.get(name)).not.toBe(b.get(name));
    }
    expect(Object.fromEntries(b)).toMatchObject({ code_challenge_method: "S256", response_type: "code" });
    provider.asked.length = 0;
    await traveller.comeBack(b);
    const verifier = provider.asked[0]!.get("code_verifier")!;
    expect(createHash("sha256").update(verifier).digest("base64url")).toBe(b.get("code_challenge"));
  });

  test.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a b", ""])(
    "ASVS 3.7.2: and nobody is sent on to %j",
    async (to) => {
      const { way } = await shop({ joins: true });
      const { to: location } = await new Traveller(way).signIn(verified(newMail()), {}, to);
      expect(location).toBe("/login?entered=1&to=%2F");
    },
  );
});

describe("passwords", () => {
  test("are for owners only where that is set and a provider is there; each hears it who has the right one", async () => {
    const { owner, id } = await shop();
    const member = await server.as("operator", owner);
    const [mine, theirs] = [await owner.api.access.me(), await member.api.access.me()];
    const signIn = (login: string, password = testPassword) => server.anonymous().access.login({ login, password });
    await owner.api.settings.change({ key: "identity.passwordsForOwnersOnly", value: true, version: 0 });
    expect(await refusal(signIn(theirs.account.login))).toMatchObject({ code: "access.provider_needed" });
    expect(await refusal(signIn(theirs.account.login, "wrong"))).toMatchObject({ code: "access.wrong_credentials" });
    const { token } = await owner.api.access.inviteAccount({ accountId: member.accountId });
    const accepted = server.anonymous().access.acceptInvitation({ token, password: `${testPassword}!` });
    expect(await refusal(accepted)).toMatchObject({ code: "access.provider_needed" });
    expect((await signIn(mine.account.login)).me.account.id).toBe(owner.accountId);
    await owner.api.identity.update({ providerId: id, enabled: false });
    expect((await signIn(theirs.account.login)).me.account.id).toBe(member.accountId);
  });
});
