import type { Client } from "@zhanggui/kit/contract/client";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import type { keys } from "./keys.contract.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
});
// The clock turns, and a session is an hour long.
beforeEach(async () => {
  owner = await server.asOwner();
});
afterAll(() => server.close());

type Create = Parameters<Client<{ keys: typeof keys }>["keys"]["create"]>[0];
let made = 0;
/** A key of the owner's, and a client that calls with it. */
async function newKey(given: Partial<Create> = {}) {
  const key = await owner.api.keys.create({ name: `程序 ${++made}`, permissions: ["audience:read"], ...given });
  return { ...key, api: by(key.token) };
}
const by = (token: string) => server.anonymous({ authorization: `Bearer ${token}` });
const people = (api: Member["api"]) => api.audience.listPeople({});
const callsOf = async (keyId: string) => (await owner.api.keys.use({ keyId })).days.map(({ calls }) => calls);

describe("a key", () => {
  test("calls what its permissions allow, and its token is told once", async () => {
    const { api, token, hint, id } = await newKey();
    expect(token).toMatch(/^zg_[\w-]{43}\.[\w-]{43}$/);
    expect(hint).toBe(`zg_…${token.slice(-4)}`);
    await people(api);
    expect(await refusal(api.keys.list({}))).toMatchObject({ code: "kit.forbidden", status: 403 });
    const { items } = await owner.api.keys.list({});
    expect(JSON.stringify(items)).not.toContain(token.split(".")[1]);
    expect(items.find((key) => key.id === id)).toMatchObject({ callsToday: 2, createdByName: "Owner" });
  });

  test("does to the world only what it was made for", async () => {
    const permissions = ["links:read", "links:write"];
    const { api, id } = await newKey({ permissions });
    const link = { url: "https://lantern-tea.example/spring" };
    expect(await refusal(api.links.create(link))).toMatchObject({
      code: "kit.effect_refused",
      status: 403,
      details: { effect: "change" },
    });
    await owner.api.keys.update({ keyId: id, effects: ["read", "change"] });
    const { id: linkId } = await api.links.create(link);
    expect(await refusal(api.links.delete({ linkId }))).toMatchObject({ details: { effect: "destroy" } });
  });

  test("stands under its present name where it did something", async () => {
    const { api, id } = await newKey({ permissions: ["forms:design", "forms:read"], effects: ["read", "change"] });
    const { id: formId, revision } = await api.forms.create({ name: "杯型" });
    const schema = { type: "object", properties: { cup: { type: "string" } } };
    await api.forms.saveDraft({ formId, draft: { schema, ui: {} }, ifMatch: revision });
    await api.forms.publish({ formId, ifMatch: revision + 1 });
    await owner.api.keys.update({ keyId: id, name: "表单同步" });
    expect((await owner.api.forms.listVersions({ formId })).items).toMatchObject([{ publishedBy: "表单同步" }]);
  });

  test("leaves in the audit log what an account would: what it changed, took away and was refused", async () => {
    const row = { displayName: "戊", firstSeenAt: server.clock.now(), lastSeenAt: server.clock.now() };
    const { db } = server.runtime.ctx(owner.tenantId);
    const person = await db.insertInto("audience_person").values(row).returning("id").executeTakeFirstOrThrow();
    const permissions = ["audience:read", "audience:write"];
    const { api, id, token, name } = await newKey({ permissions, effects: ["read", "change"] });
    await api.audience.updatePerson({ personId: person.id, displayName: "戊老板" });
    const authorization = `Bearer ${token}`;
    await fetch(`${server.url}/api/people`, { headers: { authorization, accept: "text/csv" } });
    await refusal(api.keys.list({}));
    const { items } = await owner.api.audit.list({ actorId: id });
    const by = { actorKind: "key", actorName: name };
    expect(items).toMatchObject([
      { ...by, act: "keys.list", outcome: "refused" },
      { ...by, act: "audience.listPeople", kind: "exported" },
      { ...by, act: "audience.updatePerson", kind: "changed", thingId: person.id },
    ]);
    expect(JSON.stringify((await owner.api.audit.list({})).items)).not.toContain(token.split(".")[1]);
  });

  test("is nobody who signs in: no session, no password, no notifications, no long work, no keys of its own", async () => {
    const all = (await owner.api.access.listPermissions()).items.map(({ code }) => code);
    const { api } = await newKey({ permissions: all, effects: ["read", "change", "destroy"] });
    const needed = { code: "kit.account_needed", status: 403 };
    expect(await refusal(api.access.me())).toMatchObject(needed);
    expect(await refusal(api.access.logout())).toMatchObject(needed);
    expect(await refusal(api.notifications.list({}))).toMatchObject(needed);
    expect(await refusal(api.audience.tagPeople({ all: true, handOver: true, name: "老客" }))).toMatchObject(needed);
    const forbidden = { code: "kit.forbidden", status: 403 };
    expect(await refusal(api.keys.create({ name: "另一个", permissions: ["keys:read"] }))).toMatchObject(forbidden);
    expect(await refusal(api.access.createRole({ name: "越权", permissions: ["keys:read"] }))).toMatchObject(forbidden);
  });

  test("of another tenant sees its own tenant only", async () => {
    const other = await server.asOwner();
    await other.api.links.create({ url: "https://lantern-tea.example/theirs" });
    const { api } = await newKey({ permissions: ["links:read"] });
    expect((await api.links.list({ search: "theirs" })).items).toEqual([]);
    const { id } = await newKey();
    expect(await refusal(other.api.keys.rotate({ keyId: id }))).toMatchObject({ status: 404 });
  });

  test("is refused when anything of its token is wrong", async () => {
    const { token } = await newKey();
    const [ids = "", bits = ""] = token.split(".");
    const another = (await newKey()).token.split(".");
    const wrong = [`${ids}.${another[1]}`, `${another[0]}.${bits}`, ids, `${ids}.`, `${token}x`, "zg_", `x${token}`];
    for (const each of wrong) expect(await refusal(people(by(each)))).toMatchObject({ code: "kit.unauthenticated" });
  });
});

describe("what ends it", () => {
  test("being switched off, its end, being deleted, from the next call on", async () => {
    const expiresAt = new Date(server.clock.now().getTime() + 60_000).toISOString();
    const { api, id } = await newKey({ expiresAt });
    await people(api);
    await owner.api.keys.update({ keyId: id, disabled: true });
    expect(await refusal(people(api))).toMatchObject({ code: "kit.key_over", status: 401 });
    await owner.api.keys.update({ keyId: id, disabled: false });
    await people(api);
    server.clock.advance(60_000);
    expect(await refusal(people(api))).toMatchObject({ code: "kit.key_over" });
    expect((await owner.api.keys.list({ state: ["expired"] })).items.map((key) => key.id)).toEqual([id]);
    await owner.api.keys.delete({ keyId: id });
    expect(await refusal(people(api))).toMatchObject({ code: "kit.unauthenticated" });
  });

  test("a new token: the former one opens for the hours that were given, or not at all", async () => {
    const { api, id } = await newKey();
    const next = await owner.api.keys.rotate({ keyId: id, formerHours: 2 });
    await people(api);
    await people(by(next.token));
    const other = await newKey();
    const last = await owner.api.keys.rotate({ keyId: other.id, formerHours: 0 });
    expect(await refusal(people(other.api))).toMatchObject({ code: "kit.unauthenticated" });
    await people(by(last.token));
    server.clock.advance(2 * 3_600_000);
    expect(await refusal(people(api))).toMatchObject({ code: "kit.unauthenticated" });
    await people(by(next.token));
  });

  test("an end in the past is refused at its field", async () => {
    const expiresAt = server.clock.now().toISOString();
    const refused = { code: "keys.expiry_past", errors: [{ field: "expiresAt" }] };
    expect(await refusal(owner.api.keys.create({ name: "过期", permissions: ["keys:read"], expiresAt }))).toMatchObject(
      refused,
    );
  });
});

describe("limits", () => {
  test("calls come from the addresses that were named, in any notation", async () => {
    const { id, api } = await newKey({ networks: ["203.0.113.7", "2001:db8::/32"] });
    expect(await refusal(people(api))).toMatchObject({
      code: "kit.key_network_refused",
      details: { address: "127.0.0.1" },
    });
    await owner.api.keys.update({ keyId: id, networks: ["127.0.0.0/8"] });
    await people(api);
    for (const network of ["tea", "10.0.0.0/33", "1.2.3", "::/129", "10.0.0.0/8; DROP"]) {
      expect(await refusal(owner.api.keys.update({ keyId: id, networks: [network] }))).toMatchObject({
        code: "kit.invalid_input",
      });
    }
  });

  test("a minute's calls over all routes, and no more", async () => {
    const { api } = await newKey({ perMinute: 3, permissions: ["audience:read", "links:read"] });
    await people(api);
    await api.links.list({});
    await people(api);
    expect(await refusal(api.links.list({}))).toMatchObject({ code: "kit.too_many_requests", status: 429 });
    server.clock.advance(60_000);
    await people(api);
  });

  test("a day's calls: exactly as many get through, however many come at once; the next day begins anew", async () => {
    const { api, id } = await newKey({ perDay: 100, perMinute: 60_000, permissions: ["audience:read", "keys:read"] });
    const outcomes = await Promise.allSettled(Array.from({ length: 400 }, () => people(api)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(100);
    expect(await refusal(people(api))).toMatchObject({ code: "kit.key_used_up", details: { calls: 100 } });
    expect(await callsOf(id)).toEqual([401]);
    server.clock.advance(24 * 3_600_000);
    const { days } = await api.keys.use({ keyId: id });
    expect(days.map(({ calls }) => calls)).toEqual([401, 1]);
  });
});

describe("nobody gives a key what they don't hold", () => {
  test("nor takes over, by a new token or another word, one that may do more", async () => {
    const role = await owner.api.access.createRole({ name: "开发", permissions: ["keys:read", "keys:write"] });
    const login = "dev@lantern-tea.example";
    const password = "a-long-password-2026";
    await owner.api.access.createAccount({ login, displayName: "Dev", password, roleIds: [role.id] });
    const { accessToken } = await server.anonymous().access.login({ login, password });
    const { keys } = by(accessToken);
    const beyond = { code: "access.beyond_own_rights", status: 403 };
    expect(await refusal(keys.create({ name: "偷", permissions: ["audience:read"] }))).toMatchObject(beyond);
    const { id: keyId } = await newKey();
    expect(await refusal(keys.rotate({ keyId }))).toMatchObject(beyond);
    expect(await refusal(keys.update({ keyId, networks: [] }))).toMatchObject(beyond);
    expect(await refusal(keys.delete({ keyId }))).toMatchObject(beyond);
    const own = await keys.create({ name: "自己的", permissions: ["keys:read"] });
    await keys.update({ keyId: own.id, name: "还是自己的" });
  });

  test("a permission that there isn't, and a name that there is, are refused at their field", async () => {
    const { name } = await newKey();
    expect(await refusal(owner.api.keys.create({ name: "新", permissions: ["tea:drink"] }))).toMatchObject({
      code: "access.unknown_permission",
    });
    expect(await refusal(owner.api.keys.create({ name, permissions: ["keys:read"] }))).toMatchObject({
      code: "keys.name_taken",
      errors: [{ field: "name" }],
    });
  });
});
