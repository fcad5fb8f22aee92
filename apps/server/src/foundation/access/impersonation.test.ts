import { publicAccess } from "@zhanggui/kit/contract/permission";
import type { Contract } from "@zhanggui/kit/contract/route";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { contracts } from "../../contracts.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";
import { sessionCookie } from "./sign-in.contract.ts";

/* Acting in another's name, and where somebody is signed in. */
let server: TestServer;
let owner: Member;
let clerk: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
  clerk = await server.as("operator", owner);
});
afterAll(() => server.close());

const bearing = (accessToken: string) => server.anonymous({ authorization: `Bearer ${accessToken}` });
async function act(who = owner, as = clerk) {
  const session = await bearing(await fresh(who)).access.impersonate({ accountId: as.accountId, reason: "帮忙查看" });
  return { ...session, api: bearing(session.accessToken) };
}
/** A token of a session of its own. */
async function fresh({ accountId, tenantId }: Member): Promise<string> {
  const { login } = await server.runtime
    .unscopedDb()
    .selectFrom("access_account")
    .select("login")
    .where("id", "=", accountId)
    .executeTakeFirstOrThrow();
  const signedIn = await server.anonymous().access.login({ login, password: "correct horse battery", tenantId });
  return signedIn.accessToken;
}

test("they see what the other sees, every entry names both, and the other is told and finds it among their sign-ins", async () => {
  const { api, me } = await act();
  expect(me).toMatchObject({
    account: { id: clerk.accountId },
    impersonation: { name: "Owner", reason: "帮忙查看" },
  });
  expect((await api.access.me()).permissions).toEqual((await clerk.api.access.me()).permissions);
  expect((await clerk.api.access.me()).impersonation).toBeNull();
  expect(await refusal(api.audit.list({}))).toMatchObject({ status: 403 });
  await api.links.create({ url: "https://lantern-tea.example/impersonated" });
  await server.runUntilIdle();
  const { items } = await owner.api.audit.list({ actorId: clerk.accountId, act: ["links.create"] });
  expect(items[0]).toMatchObject({ actorId: clerk.accountId, impersonatorName: "Owner" });
  // Whoever really did it is found by their own name, too.
  const really = await owner.api.audit.list({ actorId: owner.accountId, act: ["links.create"] });
  expect(really.items.map(({ id }) => id)).toEqual(items.map(({ id }) => id));
  await api.access.endImpersonation({});
  const about = (await owner.api.audit.list({ thingId: clerk.accountId })).items;
  const details = await Promise.all(about.map(async ({ id }) => (await owner.api.audit.get({ entryId: id })).entry));
  const said = details.map((entry) => entry.details?.["impersonation"]).filter(Boolean);
  expect(new Set(said)).toEqual(new Set(["begun", "ended"]));
  const [notice] = (await clerk.api.notifications.list({})).items;
  expect(notice?.title.en).toBe("Owner signed in in your name. The reason given: 帮忙查看");
  const signIns = (await clerk.api.access.listOwnSessions()).items;
  expect(signIns.find(({ impersonation }) => impersonation !== null)).toMatchObject({
    impersonation: { name: "Owner", reason: "帮忙查看" },
    endedAt: expect.any(String) as string,
  });
  // The chain holds entries of both kinds.
  await server.runtime.runSchedule("audit.seal");
  expect((await owner.api.audit.verify({})).findings).toEqual([]);
});

test("an access token alone is worth no refresh token, and an acting one leads back once, within a minute", async () => {
  const alone = bearing(await fresh(clerk));
  expect(await refusal(alone.access.endImpersonation({}))).toMatchObject({ code: "kit.conflict" });
  const { api, refreshToken } = await act();
  await api.access.endImpersonation({});
  const again = () => server.anonymous().access.refresh({ refreshToken });
  // The answer may have been lost.
  expect((await again()).me.account.id).toBe(owner.accountId);
  server.clock.advance(61_000);
  expect(await refusal(again())).toMatchObject({ code: "access.session_ended" });

  const other = await act();
  const renewed = await server.anonymous().access.refresh({ refreshToken: other.refreshToken });
  expect(renewed.me.account.id).toBe(clerk.accountId);
  server.clock.advance(61_000);
  // Used long ago: somebody has copied it, and both are out.
  const copied = server.anonymous().access.refresh({ refreshToken: other.refreshToken });
  expect(await refusal(copied)).toMatchObject({ code: "access.session_ended" });
  expect(await refusal(bearing(renewed.accessToken).access.me())).toMatchObject({ status: 401 });
});

test("nothing is begun in another's name that would go on afterwards", async () => {
  const { api } = await act(owner, await server.as("operator", owner));
  const list = "links.list";
  expect(await refusal(api.exports.create({ list, format: "csv" }))).toMatchObject({ code: "kit.impersonated" });
});

test("an entry whose second name was changed is found", async () => {
  const { api } = await act();
  await api.links.create({ url: "https://lantern-tea.example/tampered" });
  await server.runtime.runSchedule("audit.seal");
  const db = server.runtime.unscopedDb();
  await server.runtime.ownerTransaction(async ({ query }) => {
    await query("SELECT set_config('zg.audit_prune', 'on', true)");
    await query(
      "UPDATE kit_audit_entry SET impersonator_name = 'Nobody' WHERE impersonator_id IS NOT NULL AND tenant_id = $1",
      [owner.tenantId],
    );
  });
  const { findings } = await owner.api.audit.verify({});
  expect(findings.map(({ what }) => what)).toContain("entry_altered");
  await server.runtime.ownerTransaction(async ({ query }) => {
    await query("SELECT set_config('zg.audit_prune', 'on', true)");
    await query(
      "UPDATE kit_audit_entry SET impersonator_name = 'Owner' WHERE impersonator_id IS NOT NULL AND tenant_id = $1",
      [owner.tenantId],
    );
  });
  expect((await owner.api.audit.verify({})).findings).toEqual([]);
  expect(
    await db.selectFrom("kit_audit_entry").select("id").where("impersonatorName", "=", "Nobody").execute(),
  ).toEqual([]);
});

test("nobody acts in the name of somebody who holds more, of themselves, of who can't sign in, or without the right", async () => {
  const helper = await server.asHolderOf(["access:impersonate", "links:read"], owner);
  const narrow = await server.asHolderOf(["links:read"], owner);
  await act(helper, narrow);
  const as = (who: Member, accountId: string) => who.api.access.impersonate({ accountId, reason: "帮忙查看" });
  expect(await refusal(as(helper, clerk.accountId))).toMatchObject({ code: "access.beyond_own_rights" });
  expect(await refusal(as(helper, owner.accountId))).toMatchObject({ code: "access.beyond_own_rights" });
  expect(await refusal(as(clerk, narrow.accountId))).toMatchObject({ code: "kit.forbidden" });
  expect(await refusal(as(owner, owner.accountId))).toMatchObject({ code: "access.not_to_be_impersonated" });
  await owner.api.access.updateAccount({ accountId: narrow.accountId, disabled: true });
  expect(await refusal(as(owner, narrow.accountId))).toMatchObject({ code: "access.not_to_be_impersonated" });
  const stranger = await server.asOwner();
  expect(await refusal(as(stranger, clerk.accountId))).toMatchObject({ status: 404 });
  // No role but the owner's has the right from the beginning.
  const roles = (await owner.api.access.listRoles({})).items.filter(({ name }) => !name.includes("@"));
  const having = roles.filter(({ permissions }) => permissions.includes("access:impersonate"));
  expect(having.map(({ builtIn }) => builtIn)).toEqual(["owner"]);
});

const changing = Object.values<Contract>(contracts)
  .flatMap((contract) => Object.values(contract))
  .filter(({ effect, access }) => effect !== "read" && access !== publicAccess);

test("who may sign in, what they may do, keys and secrets are left alone; all that is so is a listed set", async () => {
  const flagged = changing.filter(({ byThemselves }) => byThemselves).map(({ id }) => id);
  const others = flagged.filter((id) => !/^(access|keys|identity)\./.test(id));
  expect(others.toSorted()).toEqual([
    "notifications.choose",
    "notifications.read",
    "notifications.readAll",
    "settings.generate",
    "tenants.create",
    "tenants.invite",
    "webhooks.createEndpoint",
    "webhooks.rotateSecret",
  ]);
  const unflagged = changing.filter(({ id, byThemselves }) => /^(access|keys|identity)\./.test(id) && !byThemselves);
  expect(unflagged.map(({ id }) => id).toSorted()).toEqual(["access.endImpersonation", "access.logout"]);
  const second = await server.as("owner", owner);
  const { api } = await act(owner, second);
  const { accountId } = clerk;
  for (const call of [
    () => api.access.changePassword({ currentPassword: "correct horse battery", newPassword: "another horse battery" }),
    () => api.access.beginSecondFactor({ password: "correct horse battery" }),
    () => api.access.updateAccount({ accountId, disabled: true }),
    () => api.access.createDepartment({ name: "新部门" }),
    () => api.access.endOtherSessions({}),
    () => api.access.impersonate({ accountId, reason: "nested" }),
    () => api.keys.create({ name: "key", permissions: [] }),
  ])
    expect(await refusal(call())).toMatchObject({ code: "kit.impersonated" });
});

test("after half an hour it is over, however often it was renewed; the own session goes on with the same cookie", async () => {
  const own = await fresh(owner);
  const { accountId } = clerk;
  const response = await fetch(`${server.url}/api/accounts/${accountId}/impersonation`, {
    method: "POST",
    headers: { authorization: `Bearer ${own}`, "content-type": "application/json" },
    body: JSON.stringify({ reason: "帮忙查看", keepIn: "cookie" }),
  });
  let cookie = "";
  const keep = (answer: Response): void => {
    cookie =
      answer.headers
        .getSetCookie()
        .find((each) => each.includes(sessionCookie))
        ?.split(";")[0] ?? cookie;
  };
  keep(response);
  let { accessToken } = (await response.json()) as { accessToken: string };
  const whoIs = async () => {
    const answer = await fetch(`${server.url}/api/me`, { headers: { authorization: `Bearer ${accessToken}`, cookie } });
    return ((await answer.json()) as { account?: { id: string }; code?: string }).account?.id ?? "nobody";
  };
  const renew = async () => {
    const answer = await fetch(`${server.url}/api/sessions/refresh`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: "{}",
    });
    keep(answer);
    ({ accessToken } = (await answer.json()) as { accessToken: string });
  };
  expect(await whoIs()).toBe(accountId);
  for (let tenMinutes = 0; tenMinutes < 2; tenMinutes += 1) {
    server.clock.advance(600_000);
    await renew();
    expect(await whoIs()).toBe(accountId);
  }
  server.clock.advance(600_001);
  // What a page began in the other's name isn't done in one's own.
  expect(await whoIs()).toBe("nobody");
  await renew();
  expect(await whoIs()).toBe(owner.accountId);
});

test.each<[what: string, change: (helper: Member, target: Member) => Promise<unknown>]>([
  [
    "the right is lost",
    async ({ accountId }) => {
      const { items } = await owner.api.access.listRoles({});
      const roleIds = items.filter(({ builtIn }) => builtIn === "reviewer").map(({ id }) => id);
      return owner.api.access.updateAccount({ accountId, roleIds });
    },
  ],
  ["whoever acts is disabled", ({ accountId }) => owner.api.access.updateAccount({ accountId, disabled: true })],
  ["the other is disabled", (_, { accountId }) => owner.api.access.updateAccount({ accountId, disabled: true })],
  [
    "the other was given more",
    async (_, { accountId }) => {
      const { items } = await owner.api.access.listRoles({});
      const roleIds = items.filter(({ builtIn }) => builtIn === "owner").map(({ id }) => id);
      return owner.api.access.updateAccount({ accountId, roleIds });
    },
  ],
  ["whoever acts is signed out everywhere", ({ accountId }) => owner.api.access.endAccountSessions({ accountId })],
  [
    "the other ends it",
    async (_, target) => {
      const { items } = await target.api.access.listOwnSessions();
      const acting = items.find(({ impersonation }) => impersonation !== null)!;
      return target.api.access.endOwnSession({ sessionId: acting.id });
    },
  ],
])("it is over at once when %s", async (_, change) => {
  const helper = await server.asHolderOf(["access:impersonate", "links:read"], owner);
  const target = await server.asHolderOf(["links:read"], owner);
  const { api } = await act(helper, target);
  await api.links.list({});
  await change(helper, target);
  expect(await refusal(api.links.list({}))).toMatchObject({ status: 401 });
});

test("somebody sees where they are signed in, and ends one or all others; an administrator does, of nobody who holds more", async () => {
  const person = await server.as("operator", owner);
  const [phone, laptop] = [await fresh(person), await fresh(person)];
  const { items } = await bearing(laptop).access.listOwnSessions();
  expect(items.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  expect(items[0]).toMatchObject({
    isCurrent: true,
    source: "127.0.0.1",
    agent: expect.stringContaining("node") as string,
  });
  expect(items.length).toBe(3);
  const other = await refusal(bearing(laptop).access.endOwnSession({ sessionId: items[0]!.id }));
  expect(other).toMatchObject({ code: "kit.conflict" });
  await bearing(laptop).access.endOwnSession({ sessionId: items[1]!.id });
  expect(await refusal(bearing(phone).access.me())).toMatchObject({ status: 401 });
  expect(await bearing(laptop).access.endOtherSessions({})).toEqual({ ended: 1 });
  const own = (await clerk.api.access.listOwnSessions()).items[0]!.id;
  expect(await refusal(bearing(laptop).access.endOwnSession({ sessionId: own }))).toMatchObject({ status: 404 });
  const { accountId } = person;
  expect((await owner.api.access.listAccountSessions({ accountId })).items).toHaveLength(1);
  expect(await refusal(person.api.access.listAccountSessions({ accountId }))).toMatchObject({ status: 403 });
  const manager = await server.asHolderOf(["access:write", "access:read"], owner);
  expect(await refusal(manager.api.access.endAccountSessions({ accountId }))).toMatchObject({
    code: "access.beyond_own_rights",
  });
  // The one above, and the one that their first client has begun since.
  expect(await owner.api.access.endAccountSessions({ accountId })).toEqual({ ended: 2 });
  expect(await refusal(bearing(laptop).access.me())).toMatchObject({ status: 401 });
});

test("a renewal that comes at the end of it, forty times twice at once, leads to the own session and nowhere else", async () => {
  for (let round = 0; round < 40; round += 1) {
    const { refreshToken, api } = await act();
    const [ended, renewed] = await Promise.allSettled([
      api.access.endImpersonation({}),
      server.anonymous().access.refresh({ refreshToken }),
    ]);
    const ids = [ended, renewed].flatMap((each) => (each.status === "fulfilled" ? [each.value.me.account.id] : []));
    expect(ids.length).toBeGreaterThan(0);
    // Whichever came first, nobody acts in the other's name any more.
    expect(await refusal(api.access.me())).toMatchObject({ status: 401 });
  }
});
