import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

const newest = async (query: object = {}) => (await owner.api.audit.list({ limit: 1, ...query })).items[0]!;

test("an entry says who changed what, from what to what, in the words of the fields", async () => {
  const role = await owner.api.access.createRole({ name: "茶艺师", permissions: ["audience:read"] });
  expect(await newest()).toMatchObject({
    kind: "created",
    act: "access.createRole",
    thingKind: "access_role",
    thingId: role.id,
    title: "茶艺师",
    outcome: "done",
    actorId: owner.accountId,
    actorKind: "account",
  });
  await owner.api.access.updateRole({ roleId: role.id, name: "首席茶艺师" });
  const { id, title } = await newest();
  expect(title).toBe("首席茶艺师");
  const { entry } = await owner.api.audit.get({ entryId: id });
  expect(entry.changes).toMatchObject([
    {
      field: { name: "name", label: { zh: "角色名称", en: "Name of the role" } },
      before: "茶艺师",
      after: "首席茶艺师",
    },
  ]);
});

test("a thing is told by the name that it has now, also in what was written before", async () => {
  const role = await owner.api.access.createRole({ name: "学徒", permissions: [] });
  await owner.api.access.updateRole({ roleId: role.id, name: "茶童" });
  const { items } = await owner.api.audit.list({ thingKind: "access_role", thingId: role.id });
  expect(items.map(({ title }) => title)).toEqual(["茶童", "茶童"]);
});

test("a change that changes nothing leaves the call alone", async () => {
  const role = await owner.api.access.createRole({ name: "掌柜", permissions: [] });
  await owner.api.access.updateRole({ roleId: role.id, name: "掌柜" });
  expect(await newest()).toMatchObject({ kind: "called", act: "access.updateRole", thingKind: "" });
  const { entry } = await owner.api.audit.get({ entryId: (await newest()).id });
  expect(entry.details).toMatchObject({ roleId: role.id });
});

test("of a password only that it changed is kept", async () => {
  const { accountId } = owner;
  const account = await owner.api.access.createAccount({
    login: "lin@tea.example",
    displayName: "小林",
    password: "oolong-and-osmanthus-7",
    roleIds: [(await owner.api.access.createRole({ name: "伙计", permissions: [] })).id],
  });
  await owner.api.access.updateAccount({ accountId: account.id, password: "a-different-pot-of-tea-9" });
  const entry = await newest({ thingKind: "access_account", thingId: account.id });
  expect(entry).toMatchObject({ kind: "changed", title: "小林", actorId: accountId });
  const { entry: detail } = await owner.api.audit.get({ entryId: entry.id });
  expect(detail.changes).toContainEqual({
    field: expect.objectContaining({ name: "passwordHash" }) as unknown,
    isMasked: true,
  });
  expect(JSON.stringify(detail)).not.toContain("argon2");
});

test("who is refused is written down, once in a minute", async () => {
  const powerless = await server.asHolderOf([], owner);
  for (let n = 0; n < 3; n++) await expect(powerless.api.access.listAccounts()).rejects.toThrow();
  const refused = { outcome: "refused" as const, actorId: powerless.accountId };
  expect((await owner.api.audit.list(refused)).items).toMatchObject([{ act: "access.listAccounts" }]);
  server.clock.advance(61_000);
  await expect(powerless.api.access.listAccounts()).rejects.toThrow();
  expect((await owner.api.audit.list(refused)).items).toHaveLength(2);
});

test("a file that somebody takes away is written down, the log's own too, without the words searched for", async () => {
  const url = `${server.url}/api/audit/entries?search=%E8%8C%B6&outcome=done`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${owner.accessToken}`, accept: "text/csv" } });
  expect(reply.status).toBe(200);
  await reply.text();
  const { id } = await newest({ kind: "exported" });
  const { entry } = await owner.api.audit.get({ entryId: id });
  expect(entry).toMatchObject({ act: "audit.list", details: { search: "…", outcome: ["done"] } });
});

test("who signs in and who fails to is written down, with where from", async () => {
  const role = await owner.api.access.createRole({ name: "品茶师", permissions: [] });
  const password = "jasmine-in-the-morning-5";
  const account = await owner.api.access.createAccount({
    login: "pin@tea.example",
    displayName: "小品",
    password,
    roleIds: [role.id],
  });
  await owner.api.access.login({ login: "pin@tea.example", password });
  const about = { kind: "signed_in" as const, thingId: account.id };
  expect((await owner.api.audit.list(about)).items).toMatchObject([
    { act: "access.login", outcome: "done", actorId: account.id, title: "小品", source: "127.0.0.1" },
  ]);
  await expect(owner.api.access.login({ login: "pin@tea.example", password: "green-tea-4" })).rejects.toThrow();
  await expect(owner.api.access.login({ login: "nobody@tea.example", password: "green-tea-4" })).rejects.toThrow();
  // Written beside the answer, which must not wait for it.
  await expect
    .poll(async () => (await owner.api.audit.list(about)).items)
    .toMatchObject([
      { act: "access.login", outcome: "failed", actorKind: "visitor", title: "小品" },
      { outcome: "done" },
    ]);
});

test("a bulk act leaves one entry with its counts, and one for each row that it changed", async () => {
  const people = await Promise.all(
    ["甲", "乙", "丙"].map(async (name) => {
      const row = { displayName: name, firstSeenAt: server.clock.now(), lastSeenAt: server.clock.now() };
      const { db } = server.runtime.ctx(owner.tenantId);
      return (await db.insertInto("audience_person").values(row).returning("id").executeTakeFirstOrThrow()).id;
    }),
  );
  await owner.api.audience.tagPeople({ ids: people, name: "老茶客" });
  const { items } = await owner.api.audit.list({ act: "audience.tagPeople" });
  expect(items.filter(({ kind }) => kind === "called")).toHaveLength(1);
  const changed = items.filter(({ thingKind }) => thingKind === "audience_person").map(({ thingId }) => thingId);
  expect(changed.toSorted()).toEqual(people.toSorted());
  const { entry, related } = await owner.api.audit.get({
    entryId: items.find(({ kind }) => kind === "called")!.id,
  });
  expect(entry.details).toMatchObject({ done: 3, failed: 0 });
  expect(related.length).toBeGreaterThanOrEqual(3);
});

test("what the server does by itself with people isn't followed, what operators do is", async () => {
  const row = { displayName: "丁", firstSeenAt: server.clock.now(), lastSeenAt: server.clock.now() };
  const { db } = server.runtime.ctx(owner.tenantId);
  const { id } = await db.insertInto("audience_person").values(row).returning("id").executeTakeFirstOrThrow();
  expect((await owner.api.audit.list({ thingId: id })).items).toEqual([]);
  await owner.api.audience.updatePerson({ personId: id, displayName: "丁老板", phone: "13800138000" });
  const entry = await newest({ thingId: id });
  const whole = JSON.stringify(await owner.api.audit.get({ entryId: entry.id }));
  expect(whole).not.toContain("13800138000");
  expect(whole).not.toContain("丁老板");
});

test("of a list view that somebody saves, the words that it searches for aren't kept", async () => {
  const query = { search: "13900139000" };
  const view = { list: "audience.listPeople", name: "老茶客", query, hidden: [], isDense: false, opens: false };
  const { id } = await owner.api.views.create(view);
  const entry = await newest({ thingId: id });
  const whole = JSON.stringify(await owner.api.audit.get({ entryId: entry.id }));
  expect(whole).toContain("老茶客");
  expect(whole).not.toContain("13900139000");
});

test("no tenant sees another's log", async () => {
  const stranger = await server.asOwner();
  const { id } = await newest();
  await expect(stranger.api.audit.get({ entryId: id })).rejects.toMatchObject({ code: "kit.not_found" });
  const theirs = (await stranger.api.audit.list({ limit: 100 })).items;
  expect(theirs.every(({ actorId }) => actorId !== owner.accountId)).toBe(true);
});
