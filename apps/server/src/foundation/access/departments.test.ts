import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword as password, type Member, type TestServer } from "../../testing/test-server.ts";
import { deepest } from "./departments.contract.ts";

let server: TestServer;
let owner: Member;
let made = 0;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

const linking = ["links:read", "links:write"];
async function department(parentId?: string, headId?: string): Promise<string> {
  const given = { name: `部门 ${++made}`, ...(parentId && { parentId }), ...(headId && { headId }) };
  return (await owner.api.access.createDepartment(given)).id;
}
async function member(departmentIds: string[], dataScope: "own" | "department" | "all" = "all"): Promise<Member> {
  const somebody = await server.asHolderOf(linking, owner, dataScope);
  await owner.api.access.updateAccount({ accountId: somebody.accountId, departmentIds });
  return somebody;
}
const shorten = async ({ api }: Member): Promise<string> =>
  (await api.links.create({ url: `https://lantern-tea.example/${++made}` })).id;
const seenBy = async ({ api }: Member): Promise<string[]> => (await api.links.list()).items.map(({ id }) => id);

describe("a role's data scope", () => {
  test("shows whoever it narrows their own, their departments' and those below, or everything", async () => {
    const shops = await department();
    const [first, second] = [await department(shops), await department(shops)];
    const [a, b, c] = [await member([first], "own"), await member([first]), await member([second])];
    const manager = await member([first], "department");
    const above = await member([shops], "department");
    const [ofA, ofB, ofC] = [await shorten(a), await shorten(b), await shorten(c)];
    expect(await seenBy(a)).toEqual([ofA]);
    expect((await seenBy(manager)).toSorted()).toEqual([ofA, ofB].toSorted());
    expect((await seenBy(above)).toSorted()).toEqual([ofA, ofB, ofC].toSorted());
    expect(await seenBy(b)).toEqual(expect.arrayContaining([ofA, ofB, ofC]));
    // By whatever way they come: one of others is not there.
    for (const call of [
      () => a.api.links.update({ linkId: ofB, title: "mine" }),
      () => a.api.links.delete({ linkId: ofB }),
      () => a.api.links.clicks({ linkId: ofB }),
      () => manager.api.links.update({ linkId: ofC, title: "mine" }),
    ])
      expect(await refusal(call())).toMatchObject({ code: "kit.not_found" });
    expect(await manager.api.links.update({ linkId: ofA, title: "看过" })).toMatchObject({ title: "看过" });
    expect((await a.api.links.list()).total).toBe(1);
  });

  test("covers the departments that somebody leads, though they belong to none", async () => {
    const head = await member([], "department");
    const led = await department(undefined, head.accountId);
    const below = await department(led);
    const link = await shorten(await member([below]));
    expect(await seenBy(head)).toEqual([link]);
    await owner.api.access.updateDepartment({ departmentId: led, headId: null });
    expect(await seenBy(head)).toEqual([]);
  });

  test("goes with people: whoever moves takes what is theirs along, and what is handed on goes to the other", async () => {
    const [from, to] = [await department(), await department()];
    const [seller, old, next] = [
      await member([from]),
      await member([from], "department"),
      await member([to], "department"),
    ];
    const link = await shorten(seller);
    expect([await seenBy(old), await seenBy(next)]).toEqual([[link], []]);
    await owner.api.access.updateAccount({ accountId: seller.accountId, departmentIds: [to] });
    expect([await seenBy(old), await seenBy(next)]).toEqual([[], [link]]);
    await owner.api.links.update({ linkId: link, ownerId: old.accountId });
    expect([await seenBy(old), await seenBy(next)]).toEqual([[link], []]);
    expect(await refusal(owner.api.links.update({ linkId: link, ownerId: link }))).toMatchObject({
      code: "kit.not_found",
    });
  });

  test("of two roles that grant the same the one that reaches further counts, and why says so", async () => {
    const { api, accountId } = await member([], "own");
    const wide = await owner.api.access.createRole({ name: `role ${++made}`, permissions: ["links:read"] });
    const roles = (await owner.api.access.listAccounts({ limit: 100 })).items.find(({ id }) => id === accountId)!.roles;
    const reaches = async (code: string) => (await owner.api.access.explainPermission({ accountId, code })).reaches;
    expect(await reaches("links:read")).toBe("own");
    await owner.api.access.updateAccount({ accountId, roleIds: [...roles.map(({ id }) => id), wide.id] });
    expect([await reaches("links:read"), await reaches("links:write"), await reaches("audience:read")]).toEqual([
      "all",
      "own",
      null,
    ]);
    const ofOwner = await shorten(owner);
    expect((await api.links.list()).items.map(({ id }) => id)).toContain(ofOwner);
    expect(await refusal(api.links.update({ linkId: ofOwner, title: "x" }))).toMatchObject({ code: "kit.not_found" });
  });

  test("narrows an export as it narrows the list", async () => {
    const { api, accountId } = await member([], "own");
    const mine = await shorten({ api } as Member);
    await shorten(owner);
    const { id: exportId } = await api.exports.create({
      list: "links.list",
      columns: ["shortUrl"],
      format: "csv",
      language: "zh",
    });
    await server.runUntilIdle();
    expect(await api.exports.get({ exportId })).toMatchObject({ state: "done", rows: 1 });
    expect(mine).toBeDefined();
    // Whoever reaches less by then gets no file of what they reached.
    const { roles } = (await owner.api.access.listAccounts({ limit: 100 })).items.find(({ id }) => id === accountId)!;
    const roleId = roles[0]!.id;
    await owner.api.access.updateRole({ roleId, dataScope: "all" });
    const wide = await api.exports.create({ list: "links.list", columns: ["shortUrl"], format: "csv", language: "zh" });
    await server.runUntilIdle();
    expect((await api.exports.get({ exportId: wide.id })).rows).toBeGreaterThan(1);
    await owner.api.access.updateRole({ roleId, dataScope: "own" });
    expect(await refusal(api.exports.download({ exportId: wide.id }))).toMatchObject({ code: "kit.forbidden" });
  });
});

describe("nobody reaches further by giving", () => {
  const manages = ["access:read", "access:write", ...linking];
  async function narrow(departmentIds: string[]): Promise<Member> {
    const somebody = await server.asHolderOf(manages, owner, "department");
    await owner.api.access.updateAccount({ accountId: somebody.accountId, departmentIds });
    return somebody;
  }

  test("neither a role that reaches further, nor a key, which reaches everything", async () => {
    const { api } = await narrow([await department()]);
    const wide = { name: `role ${++made}`, permissions: ["links:read"] };
    const beyond = { code: "access.beyond_own_rights", details: { permission: "links:read" } };
    expect(await refusal(api.access.createRole(wide))).toMatchObject(beyond);
    const role = await api.access.createRole({ ...wide, dataScope: "own" });
    expect(await refusal(api.access.updateRole({ roleId: role.id, dataScope: "all" }))).toMatchObject(beyond);
    expect(await api.access.updateRole({ roleId: role.id, dataScope: "department" })).toMatchObject({
      dataScope: "department",
    });
    const keeper = await server.asHolderOf(["keys:read", "keys:write", "links:read"], owner, "own");
    const key = { name: `key ${++made}`, permissions: ["links:read"] };
    expect(await refusal(keeper.api.keys.create(key))).toMatchObject(beyond);
    // What has no owners reaches everything anyway.
    expect(await keeper.api.keys.create({ ...key, permissions: ["keys:read"] })).toBeDefined();
  });

  test("nor themselves into another department, nor another department below theirs", async () => {
    const [own, other] = [await department(), await department()];
    const below = await department(own);
    const { api, accountId } = await narrow([own]);
    const beyond = { code: "access.beyond_own_departments", status: 403 };
    for (const call of [
      () => api.access.updateAccount({ accountId, departmentIds: [own, other] }),
      () => api.access.updateDepartment({ departmentId: other, headId: accountId }),
      () => api.access.updateDepartment({ departmentId: other, parentId: own }),
      () => api.access.createDepartment({ name: "顶级" }),
      () => api.access.deleteDepartment({ departmentId: other }),
    ])
      expect(await refusal(call())).toMatchObject(beyond);
    expect(await api.access.createDepartment({ name: "新店", parentId: own })).toMatchObject({ parentId: own });
    const role = await api.access.createRole({ name: `role ${++made}`, permissions: [] });
    const login = `new-${++made}@lantern-tea.example`;
    const account = { login, displayName: "新同事", password, roleIds: [role.id] };
    expect(await api.access.createAccount({ ...account, departmentIds: [below] })).toMatchObject({
      departments: [{ id: below }],
    });
  });
});

describe("whoever reaches a part manages the people of that part only", () => {
  async function inDepartment(permissions: string[], id: string, dataScope: "own" | "department" = "department") {
    const somebody = await server.asHolderOf(permissions, owner, dataScope);
    await owner.api.access.updateAccount({ accountId: somebody.accountId, departmentIds: [id] });
    return somebody;
  }
  const manages = ["access:read", "access:write", ...linking];
  const beyond = { code: "access.beyond_own_departments", status: 403 };

  test("nobody of another department is drawn into theirs, made its head, or taken over", async () => {
    const [own, other] = [await department(), await department()];
    const { api } = await inDepartment(manages, own);
    const { accountId } = await inDepartment(linking, other);
    const both = await inDepartment(linking, other);
    await owner.api.access.updateAccount({ accountId: both.accountId, departmentIds: [own, other] });
    const nowhere = await server.asHolderOf(linking, owner, "own");
    for (const call of [
      () => api.access.updateAccount({ accountId, departmentIds: [own, other] }),
      () => api.access.updateAccount({ accountId: nowhere.accountId, departmentIds: [own] }),
      () => api.access.updateDepartment({ departmentId: own, headId: accountId }),
      () => api.access.createDepartment({ name: "新部门", parentId: own, headId: accountId }),
      () => api.access.updateAccount({ accountId, password: "another horse battery" }),
      () => api.access.updateAccount({ accountId: both.accountId, password: "another horse battery" }),
      () => api.access.inviteAccount({ accountId }),
      () => api.access.unlockAccount({ accountId }),
      () => api.access.resetSecondFactor({ accountId }),
    ])
      expect(await refusal(call())).toMatchObject(beyond);
    const role = await api.access.createRole({ name: `role ${++made}`, permissions: [] });
    const account = { login: `new-${++made}@lantern-tea.example`, displayName: "新同事", password, roleIds: [role.id] };
    expect(await refusal(api.access.createAccount(account))).toMatchObject(beyond);
  });

  test("who reaches only their own takes nobody else's own, though they share a department", async () => {
    const shared = await department();
    const { api } = await inDepartment(manages, shared, "own");
    const { accountId } = await inDepartment(linking, shared, "own");
    const call = api.access.updateAccount({ accountId, password: "another horse battery" });
    expect(await refusal(call)).toMatchObject({ code: "access.beyond_own_rights" });
  });

  test("they invite their colleagues, until one reaches further than they do", async () => {
    const [own, other] = [await department(), await department()];
    const { api } = await inDepartment(manages, own);
    const { accountId } = await inDepartment(linking, own);
    const visitor = server.anonymous();
    const { token } = await api.access.inviteAccount({ accountId });
    await visitor.access.acceptInvitation({ token, password });
    const { token: later } = await api.access.inviteAccount({ accountId });
    await owner.api.access.updateAccount({ accountId, departmentIds: [own, other] });
    expect(await refusal(visitor.access.acceptInvitation({ token: later, password }))).toMatchObject({
      code: "access.invitation_over",
    });
  });
});

describe("the tree", () => {
  test("has names that are unique side by side, and says where each department stands", async () => {
    const top = await owner.api.access.createDepartment({ name: "总部" });
    const left = await owner.api.access.createDepartment({ name: "华东", parentId: top.id });
    expect(left).toMatchObject({ path: ["总部", "华东"], members: 0, head: null });
    const taken = { code: "access.department_name_taken", errors: [{ field: "name" }] };
    expect(await refusal(owner.api.access.createDepartment({ name: "总部" }))).toMatchObject(taken);
    expect(await refusal(owner.api.access.createDepartment({ name: "华东", parentId: top.id }))).toMatchObject(taken);
    const south = await owner.api.access.createDepartment({ name: "华南", parentId: top.id });
    expect(await refusal(owner.api.access.updateDepartment({ departmentId: south.id, name: "华东" }))).toMatchObject(
      taken,
    );
    expect(await owner.api.access.createDepartment({ name: "华东", parentId: left.id })).toMatchObject({
      path: ["总部", "华东", "华东"],
    });
  });

  test("has no circle, though two are moved at once in two hundred rounds, and an end", async () => {
    const [a, b] = [await department(), await department()];
    const into = { code: "access.department_in_itself", errors: [{ field: "parentId" }] };
    expect(await refusal(owner.api.access.updateDepartment({ departmentId: a, parentId: a }))).toMatchObject(into);
    for (let round = 0; round < 200; round++) {
      const moves = await Promise.allSettled([
        owner.api.access.updateDepartment({ departmentId: a, parentId: b }),
        owner.api.access.updateDepartment({ departmentId: b, parentId: a }),
      ]);
      expect(moves.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      await owner.api.access.updateDepartment({ departmentId: a, parentId: null });
      await owner.api.access.updateDepartment({ departmentId: b, parentId: null });
    }
    let deep = await department();
    for (let depth = 1; depth < deepest; depth++) deep = await department(deep);
    expect(await refusal(owner.api.access.createDepartment({ name: "太深", parentId: deep }))).toMatchObject({
      code: "access.too_many_departments",
    });
    expect(await refusal(owner.api.access.updateDepartment({ departmentId: a, parentId: deep }))).toMatchObject({
      code: "access.too_many_departments",
    });
  });

  test("keeps a department that somebody is in, or that another stands below", async () => {
    const top = await department();
    const below = await department(top);
    const { accountId } = await member([below]);
    const refused = (accounts: number, departments: number) => ({
      code: "access.department_in_use",
      details: { accounts, departments },
    });
    expect(await refusal(owner.api.access.deleteDepartment({ departmentId: top }))).toMatchObject(refused(0, 1));
    expect(await refusal(owner.api.access.deleteDepartment({ departmentId: below }))).toMatchObject(refused(1, 0));
    await owner.api.access.updateAccount({ accountId, departmentIds: [] });
    for (const departmentId of [below, top]) await owner.api.access.deleteDepartment({ departmentId });
    const { items } = await owner.api.access.listDepartments({ limit: 200 });
    expect(items.map(({ id }) => id)).not.toContain(top);
  });

  test("is nobody else's: another tenant's department is none, as parent, for members or as filter", async () => {
    const theirs = await department();
    const stranger = await server.asOwner();
    const gone = { code: "kit.not_found" };
    expect(await refusal(stranger.api.access.createDepartment({ name: "x", parentId: theirs }))).toMatchObject(gone);
    expect(
      await refusal(stranger.api.access.updateAccount({ accountId: stranger.accountId, departmentIds: [theirs] })),
    ).toMatchObject(gone);
    expect(await refusal(stranger.api.access.updateDepartment({ departmentId: theirs, name: "x" }))).toMatchObject(
      gone,
    );
    expect(await refusal(stranger.api.access.createDepartment({ name: "y", headId: owner.accountId }))).toMatchObject(
      gone,
    );
    expect((await stranger.api.access.listAccounts({ departmentId: theirs })).items).toEqual([]);
  });
});

test("every tenant begins with roles that are narrowed or wide as they are called", async () => {
  const { items } = await (await server.asOwner()).api.access.listRoles({ limit: 100 });
  const named = new Map(items.map((role) => [role.name, role]));
  expect(named.get("部门负责人")).toMatchObject({ dataScope: "department", builtIn: null });
  expect(named.get("部门负责人")!.permissions).toEqual(expect.arrayContaining(["links:write", "messaging:read"]));
  expect(named.get("业务负责人")!.permissions).toContain("audience:contacts");
  expect(named.get("流程专员")!.permissions.toSorted()).toEqual(["forms:answer", "forms:read"]);
  expect(named.get("流程管理员")!.permissions.toSorted()).toEqual(["forms:answer", "forms:design", "forms:read"]);
  expect(named.get("产品运营")!.permissions.toSorted()).toEqual(
    items.find(({ builtIn }) => builtIn === "operator")!.permissions.toSorted(),
  );
});
