import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import {
  openTestServer,
  testPassword as password,
  type Api,
  type Member,
  type TestServer,
} from "../../testing/test-server.ts";

let server: TestServer;
let owner: Member;
let made = 0;
beforeAll(async () => {
  server = await openTestServer(inject("clusterUrl"));
  owner = await server.asOwner();
});
afterAll(() => server.close());

/** A client whose calls come from an address of its own. */
let addresses = 0;
const elsewhere = (): Api =>
  server.anonymous({ "x-forwarded-for": `198.51.${(addresses >> 8) & 255}.${addresses++ & 255}` });

const over = { code: "access.invitation_over", status: 410 };
async function roleIdOf(builtIn: string): Promise<string> {
  return (await owner.api.access.listRoles()).items.find((role) => role.builtIn === builtIn)!.id;
}
/** An account whose password nobody has chosen yet. */
async function invited(builtIn = "operator") {
  const login = `invited-${++made}@lantern-tea.example`;
  const account = { login, displayName: "阿岚", roleIds: [await roleIdOf(builtIn)] };
  const { id, invitation } = await owner.api.access.createAccount(account);
  return { id, login, token: invitation!.token, expiresAt: invitation!.expiresAt };
}
const stored = async (accountId: string) =>
  (await owner.api.access.listAccounts({ limit: 200 })).items.find(({ id }) => id === accountId)!;

describe("an account without a password", () => {
  test("is invited: whoever has the link sees whom it is for, chooses one, and is signed in", async () => {
    const { id, login, token, expiresAt } = await invited();
    expect(await stored(id)).toMatchObject({ state: "invited", invitedUntil: expiresAt });
    expect(await refusal(elsewhere().access.login({ login, password }))).toMatchObject({
      code: "access.wrong_credentials",
    });
    const me = await owner.api.access.me();
    expect(await elsewhere().access.readInvitation({ token })).toEqual({
      tenantName: me.tenant.name,
      displayName: "阿岚",
      login,
      expiresAt,
    });
    const session = await elsewhere().access.acceptInvitation({ token, password });
    expect(session.me.account).toMatchObject({ id, login });
    const api = server.anonymous({ authorization: `Bearer ${session.accessToken}` });
    expect((await api.access.me()).account.id).toBe(id);
    expect((await elsewhere().access.login({ login, password })).me.account.id).toBe(id);
    expect(await stored(id)).toMatchObject({ state: "enabled", invitedUntil: null });
    const { items } = await owner.api.audit.list({ act: "access.acceptInvitation", actorId: id });
    expect(items.map(({ kind }) => kind)).toEqual(["signed_in", "changed", "changed"]);
    expect(items.every(({ source }) => source !== "")).toBe(true);
  });

  test("a weak password doesn't use the link up", async () => {
    const { login, token } = await invited();
    expect(await refusal(elsewhere().access.acceptInvitation({ token, password: "88888888" }))).toMatchObject({
      code: "access.weak_password",
    });
    await elsewhere().access.acceptInvitation({ token, password });
    expect((await elsewhere().access.login({ login, password })).me.account.login).toBe(login);
  });

  test("ASVS 6.4.1: the link leads nowhere once it is used, expired, replaced, forged or its account disabled", async () => {
    const used = await invited();
    await elsewhere().access.acceptInvitation({ token: used.token, password });
    const replaced = await invited();
    await owner.api.access.inviteAccount({ accountId: replaced.id });
    const disabled = await invited();
    await owner.api.access.updateAccount({ accountId: disabled.id, disabled: true });
    const whole = await invited();
    const [tenant = "", account = "", bits = ""] = whole.token.split(".");
    const other = await server.asOwner();
    const forged = [
      `${tenant}.${account}.${bits.slice(0, -1)}${bits.endsWith("A") ? "B" : "A"}`,
      `${other.tenantId}.${account}.${bits}`,
      `${tenant}.${used.id}.${bits}`,
      "",
      "no token at all",
    ];
    for (const token of [used.token, replaced.token, disabled.token, ...forged]) {
      expect(await refusal(elsewhere().access.readInvitation({ token }))).toMatchObject(over);
      expect(await refusal(elsewhere().access.acceptInvitation({ token, password }))).toMatchObject(over);
    }
    server.clock.advance(3 * 86_400_000 + 60_000);
    expect(await refusal(elsewhere().access.acceptInvitation({ token: whole.token, password }))).toMatchObject(over);
  });

  test("of two who follow one link at once, one gets in", async () => {
    for (let round = 0; round < 20; round++) {
      const { token } = await invited();
      const passwords = [`${password}-first`, `${password}-second`];
      const results = await Promise.allSettled(
        passwords.map((chosen) => elsewhere().access.acceptInvitation({ token, password: chosen })),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });
});

describe("a forgotten password", () => {
  test("ASVS 6.4.6: holds until the link is followed; then every older session is over, and a lock too", async () => {
    const { id, login, token } = await invited();
    const first = await elsewhere().access.acceptInvitation({ token, password });
    const renewal = await owner.api.access.inviteAccount({ accountId: id });
    await elsewhere().access.login({ login, password });
    const here = elsewhere();
    for (let attempt = 0; attempt < 5; attempt++)
      await refusal(here.access.login({ login, password: "mistyped again" }));
    expect(await refusal(here.access.login({ login, password }))).toMatchObject({ code: "access.locked_out" });
    const next = `${password}-next`;
    await elsewhere().access.acceptInvitation({ token: renewal.token, password: next });
    expect(await refusal(elsewhere().access.refresh({ refreshToken: first.refreshToken }))).toMatchObject({
      code: "access.session_ended",
    });
    expect(await refusal(elsewhere().access.login({ login, password }))).toMatchObject({
      code: "access.wrong_credentials",
    });
    expect((await here.access.login({ login, password: next })).me.account.id).toBe(id);
  });

  test("is nobody's to renew who holds less, nor one's own", async () => {
    const manager = await server.as("developer", owner);
    expect(await refusal(manager.api.access.inviteAccount({ accountId: owner.accountId }))).toMatchObject({
      code: "kit.forbidden",
    });
    const role = await owner.api.access.createRole({
      name: `Manager ${++made}`,
      permissions: ["access:read", "access:write"],
    });
    await owner.api.access.updateAccount({ accountId: manager.accountId, roleIds: [role.id] });
    expect(await refusal(manager.api.access.inviteAccount({ accountId: owner.accountId }))).toMatchObject({
      code: "access.beyond_own_rights",
    });
    expect(await refusal(owner.api.access.inviteAccount({ accountId: owner.accountId }))).toMatchObject({
      code: "access.own_password",
    });
    const stranger = await server.asOwner();
    expect(await refusal(stranger.api.access.inviteAccount({ accountId: manager.accountId }))).toMatchObject({
      code: "kit.not_found",
    });
  });
});

describe("a link that somebody else knows", () => {
  /** Somebody who manages accounts, and holds nothing besides. */
  async function manager() {
    const permissions = ["access:read", "access:write"];
    const role = await owner.api.access.createRole({ name: `Manager ${++made}`, permissions });
    const member = await server.as("developer", owner);
    await owner.api.access.updateAccount({ accountId: member.accountId, roleIds: [role.id] });
    return { ...member, role };
  }
  async function invitedBy({ api, role }: Awaited<ReturnType<typeof manager>>) {
    const login = `invited-${++made}@lantern-tea.example`;
    const { id, invitation } = await api.access.createAccount({ login, displayName: "阿岚", roleIds: [role.id] });
    return { id, login, token: invitation!.token };
  }
  async function expectOver(token: string): Promise<void> {
    expect(await refusal(elsewhere().access.readInvitation({ token }))).toMatchObject(over);
    expect(await refusal(elsewhere().access.acceptInvitation({ token, password }))).toMatchObject(over);
  }

  test("leads into no rights that the account was given since, be it another role or more in the one it has", async () => {
    const inviter = await manager();
    const [promoted, grown] = [await invitedBy(inviter), await invitedBy(inviter)];
    const own = { name: `Grows ${++made}`, permissions: ["access:read"] };
    const { id: roleId } = await inviter.api.access.createRole(own);
    await owner.api.access.updateAccount({ accountId: grown.id, roleIds: [roleId] });
    await elsewhere().access.readInvitation({ token: grown.token });
    await owner.api.access.updateAccount({ accountId: promoted.id, roleIds: [await roleIdOf("owner")] });
    await owner.api.access.updateRole({ roleId, permissions: ["access:read", "audience:read"] });
    await expectOver(promoted.token);
    await expectOver(grown.token);
    const again = await owner.api.access.inviteAccount({ accountId: promoted.id });
    await elsewhere().access.acceptInvitation({ token: again.token, password });
  });

  test("is over once whoever made it is disabled, or manages accounts no more", async () => {
    const [dismissed, moved] = [await manager(), await manager()];
    const [first, second] = [await invitedBy(dismissed), await invitedBy(moved)];
    await owner.api.access.updateAccount({ accountId: dismissed.accountId, disabled: true });
    await owner.api.access.updateAccount({ accountId: moved.accountId, roleIds: [await roleIdOf("operator")] });
    await expectOver(first.token);
    await expectOver(second.token);
  });

  test("is over once a password is given or changed; disabling and enabling doesn't bring it back", async () => {
    const [given, disabled, changed] = [await invited(), await invited(), await invited()];
    await owner.api.access.updateAccount({ accountId: given.id, password });
    await owner.api.access.updateAccount({ accountId: disabled.id, disabled: true });
    await owner.api.access.updateAccount({ accountId: disabled.id, disabled: false });
    const { accessToken } = await elsewhere().access.acceptInvitation({ token: changed.token, password });
    const { token } = await owner.api.access.inviteAccount({ accountId: changed.id });
    const api = server.anonymous({ authorization: `Bearer ${accessToken}` });
    await api.access.changePassword({ currentPassword: password, newPassword: `${password}-own` });
    for (const each of [given.token, disabled.token, token]) await expectOver(each);
    expect(await stored(disabled.id)).toMatchObject({ state: "invited", invitedUntil: null });
  });
});

test("an owner who has chosen no password yet is none that a business can be left with", async () => {
  const { api, accountId } = await server.asOwner();
  const roles = (await api.access.listRoles()).items;
  const roleIds = [roles.find(({ builtIn }) => builtIn === "owner")!.id];
  const next = { login: `next-${++made}@lantern-tea.example`, displayName: "阿岚", roleIds };
  const { invitation } = await api.access.createAccount(next);
  const leaves = { accountId, roleIds: [roles.find(({ builtIn }) => builtIn === "operator")!.id] };
  expect(await refusal(api.access.updateAccount(leaves))).toMatchObject({ code: "access.last_owner" });
  await elsewhere().access.acceptInvitation({ token: invitation!.token, password });
  expect(await api.access.updateAccount(leaves)).toMatchObject({ id: accountId });
});

describe("roles", () => {
  test("are renamed, counted, and deleted once nobody has them", async () => {
    const role = await owner.api.access.createRole({ name: "Shop floor", permissions: ["audience:read"] });
    expect(role.accounts).toBe(0);
    const { id: accountId } = await invited();
    await owner.api.access.updateAccount({ accountId, roleIds: [role.id] });
    const renamed = await owner.api.access.updateRole({ roleId: role.id, name: "Counter" });
    expect(renamed).toMatchObject({ name: "Counter", permissions: ["audience:read"], accounts: 1 });
    expect(await refusal(owner.api.access.deleteRole({ roleId: role.id }))).toMatchObject({
      code: "access.role_in_use",
      details: { accounts: 1 },
    });
    await owner.api.access.updateAccount({ accountId, roleIds: [await roleIdOf("operator")] });
    await owner.api.access.deleteRole({ roleId: role.id });
    expect((await owner.api.access.listRoles()).items.map(({ id }) => id)).not.toContain(role.id);
  });

  test("a name that is taken is refused at its field, a built-in one can't go", async () => {
    await owner.api.access.createRole({ name: "Taken", permissions: [] });
    const { id: roleId } = await owner.api.access.createRole({ name: "Free", permissions: [] });
    expect(await refusal(owner.api.access.updateRole({ roleId, name: "Taken" }))).toMatchObject({
      code: "access.role_name_taken",
      errors: [{ field: "name" }],
    });
    expect(await refusal(owner.api.access.deleteRole({ roleId: await roleIdOf("finance") }))).toMatchObject({
      code: "access.role_fixed",
    });
  });
});

test("accounts are searched by name and login, and narrowed to a role and a state", async () => {
  const { id, login } = await invited("finance");
  await owner.api.access.updateAccount({ accountId: id, displayName: "寻找小满", disabled: true });
  const found = async (query: object) => (await owner.api.access.listAccounts(query)).items.map((each) => each.id);
  expect(await found({ search: "小满" })).toEqual([id]);
  expect(await found({ search: login.toUpperCase() })).toEqual([id]);
  expect(await found({ search: "小满", state: "invited" })).toEqual([]);
  expect(await found({ roleId: await roleIdOf("finance"), state: ["disabled"] })).toEqual([id]);
});
