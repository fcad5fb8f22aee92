import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, testPassword as password, type Member, type TestServer } from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
let made = 0;
const newName = (): string => `name-${++made}@lantern-tea.example`;

beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

/** Somebody with a role of these permissions. */
async function holder(permissions: string[]): Promise<Member & { login: string; roleId: string }> {
  const role = await owner.api.access.createRole({ name: newName(), permissions });
  const login = newName();
  const account = { login, displayName: "Holder", password, roleIds: [role.id] };
  const { id } = await owner.api.access.createAccount(account);
  const { accessToken } = await server.anonymous().access.login({ login, password });
  const api = server.anonymous({ authorization: `Bearer ${accessToken}` });
  return { api, login, roleId: role.id, accountId: id, accessToken, tenantId: owner.tenantId };
}

const manages = ["access:read", "access:write"];
const beyond = (permission: string, field: string) => ({
  code: "access.beyond_own_rights",
  status: 403,
  details: { permission },
  errors: [{ field, message: expect.stringContaining(permission) as string }],
});
async function roleIdOf(builtIn: string): Promise<string> {
  const { items } = await owner.api.access.listRoles();
  return items.find((role) => role.builtIn === builtIn)!.id;
}

describe("nobody grants what they don't hold", () => {
  test("ASVS 8.2.1: in a new role or a changed one", async () => {
    const { api } = await holder([...manages, "audience:read"]);
    const permissions = ["audience:read", "audience:write"];
    const refused = beyond("audience:write", "permissions");
    expect(await refusal(api.access.createRole({ name: newName(), permissions }))).toMatchObject(refused);
    const role = await api.access.createRole({ name: newName(), permissions: ["audience:read"] });
    expect(await refusal(api.access.updateRole({ roleId: role.id, permissions }))).toMatchObject(refused);
    expect(await api.access.updateRole({ roleId: role.id, permissions: [] })).toMatchObject({ permissions: [] });
  });

  test("not by taking from a role that grants more, their own neither", async () => {
    const { api, roleId } = await holder(manages);
    const above = await owner.api.access.createRole({ name: newName(), permissions: ["audience:write"] });
    expect(await refusal(api.access.updateRole({ roleId: above.id, permissions: [] }))).toMatchObject(
      beyond("audience:write", "roleId"),
    );
    const widened = [...manages, "settings:write"];
    expect(await refusal(api.access.updateRole({ roleId, permissions: widened }))).toMatchObject(
      beyond("settings:write", "permissions"),
    );
  });

  test("with an account's roles, new or changed; a built-in role counts with what it grants now", async () => {
    const { api, accountId, roleId } = await holder([
      ...manages,
      "audience:read",
      "audience:contacts",
      "forms:answer",
      "tenants:plan",
    ]);
    const [operator, finance] = await Promise.all([roleIdOf("operator"), roleIdOf("finance")]);
    const account = { displayName: "New", password };
    const denied = await refusal(api.access.createAccount({ ...account, login: newName(), roleIds: [operator] }));
    expect(denied).toMatchObject({ code: "access.beyond_own_rights", errors: [{ field: "roleIds" }] });
    const created = await api.access.createAccount({ ...account, login: newName(), roleIds: [finance] });
    expect(created.roles).toMatchObject([{ builtIn: "finance" }]);
    for (const id of [created.id, accountId]) {
      const change = { accountId: id, roleIds: [roleId, operator] };
      expect(await refusal(api.access.updateAccount(change))).toMatchObject({ code: "access.beyond_own_rights" });
    }
    expect((await owner.api.access.listAccounts()).items.find(({ id }) => id === accountId)?.roles).toHaveLength(1);
  });

  test("nor takes over an account that holds more: no change, no disabling, no password, no unlocking", async () => {
    const { api } = await holder(manages);
    const above = await holder(["audience:write"]);
    const { accountId } = above;
    const refused = beyond("audience:write", "accountId");
    for (const change of [
      { displayName: "Taken" },
      { disabled: true },
      { password: "taken over horse" },
      { roleIds: [above.roleId] },
    ]) {
      expect(await refusal(api.access.updateAccount({ accountId, ...change }))).toMatchObject(refused);
    }
    expect(await refusal(api.access.unlockAccount({ accountId }))).toMatchObject(refused);
    expect(await above.api.access.me()).toMatchObject({ account: { displayName: "Holder" } });
    expect(await server.anonymous().access.login({ login: above.login, password })).toBeDefined();
  });
});

test("a permission that no route asks for any more keeps nobody from changing who was granted it", async () => {
  const { roleId, accountId } = await holder(["audience:read"]);
  await server.runtime
    .unscopedDb()
    .updateTable("access_role")
    .set({ permissions: ["audience:read", "tea:brew"] })
    .where("id", "=", roleId)
    .execute();
  expect(await owner.api.access.updateAccount({ accountId, disabled: true })).toMatchObject({ disabled: true });
  const role = await owner.api.access.updateRole({ roleId, permissions: ["audience:read"] });
  expect(role.permissions).toEqual(["audience:read"]);
});

test("of those who sign in while the password is changed nobody keeps a session of the old one, in ten rounds", async () => {
  const roleIds = [await roleIdOf("finance")];
  for (let round = 0; round < 10; round++) {
    const login = newName();
    const { id: accountId } = await owner.api.access.createAccount({ login, displayName: "Racer", password, roleIds });
    const signIn = async (_: unknown, n: number): Promise<string | undefined> => {
      const api = server.anonymous({ "x-forwarded-for": `203.0.${round}.${n}` });
      return (await api.access.login({ login, password }).catch(() => undefined))?.accessToken;
    };
    const signIns = Array.from({ length: 6 }, signIn);
    await owner.api.access.updateAccount({ accountId, password: `another ${password}` });
    const tokens = (await Promise.all(signIns)).filter((token) => token !== undefined);
    for (const token of tokens) {
      const { code } = await refusal(server.anonymous({ authorization: `Bearer ${token}` }).access.me());
      expect(code).toBe("kit.session_expired");
    }
  }
});

test("ASVS 6.2.3: who is given a password signs in with it alone; one's own is changed with the current one", async () => {
  const { api, accountId, login } = await holder(manages);
  const given = { accountId, password: "a horse that was given" };
  await owner.api.access.updateAccount(given);
  expect(await refusal(api.access.me())).toMatchObject({ code: "kit.session_expired" });
  const signedIn = await server.anonymous().access.login({ login, password: given.password });
  const self = server.anonymous({ authorization: `Bearer ${signedIn.accessToken}` });
  expect(await refusal(self.access.updateAccount(given))).toMatchObject({ code: "access.own_password" });
  expect(await refusal(owner.api.access.updateAccount({ accountId, password: "88888888" }))).toMatchObject({
    code: "access.weak_password",
  });
});

describe("at once", () => {
  /** Transactions get their numbers when they first write. Under one lock that is the order in which they commit. */
  async function writtenAt(table: string, id: string): Promise<bigint> {
    const ctx = server.runtime.ctx(owner.tenantId);
    const [row] =
      table === "role"
        ? await ctx.sql<{ xid: string }>`SELECT xmin::text AS xid FROM access_role WHERE id = ${id}`
        : await ctx.sql<{ xid: string }>`SELECT max(xmin::text::bigint)::text AS xid FROM access_account_role
            WHERE account_id = ${id}`;
    return BigInt(row!.xid);
  }

  test("somebody who loses a right while they grant it granted it before, or not, in 400 rounds", async () => {
    const full = [...manages, "audience:read"];
    const manager = await holder(full);
    const target = await holder([]);
    const reader = await owner.api.access.createRole({ name: newName(), permissions: ["audience:read"] });
    const grants = [
      async () => {
        const name = newName();
        const { id } = await manager.api.access.createRole({ name, permissions: ["audience:read"] });
        return () => writtenAt("role", id);
      },
      async () => {
        await manager.api.access.updateAccount({ accountId: target.accountId, roleIds: [reader.id] });
        return () => writtenAt("account", target.accountId);
      },
    ];
    const outcomes = { granted: 0, refused: 0 };
    for (let round = 0; round < 400; round++) {
      const lose = owner.api.access.updateRole({ roleId: manager.roleId, permissions: manages });
      const [grant] = await Promise.allSettled([grants[round % 2]!(), lose]);
      if (grant.status === "fulfilled") {
        outcomes.granted++;
        expect(await grant.value()).toBeLessThan(await writtenAt("role", manager.roleId));
      } else {
        outcomes.refused++;
        expect(grant.reason).toMatchObject({ code: "access.beyond_own_rights" });
      }
      await owner.api.access.updateRole({ roleId: manager.roleId, permissions: full });
      await owner.api.access.updateAccount({ accountId: target.accountId, roleIds: [target.roleId] });
    }
    // Both happened, so the two did meet.
    expect(Math.min(outcomes.granted, outcomes.refused)).toBeGreaterThan(0);
  });

  test("of two who take each other's rights, one does, in 100 rounds", async () => {
    const [a, b] = [await holder(manages), await holder(manages)];
    for (let round = 0; round < 100; round++) {
      const results = await Promise.allSettled([
        a.api.access.updateRole({ roleId: b.roleId, permissions: [] }),
        b.api.access.updateRole({ roleId: a.roleId, permissions: [] }),
      ]);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const { roleId } of [a, b]) await owner.api.access.updateRole({ roleId, permissions: manages });
    }
  });
});
