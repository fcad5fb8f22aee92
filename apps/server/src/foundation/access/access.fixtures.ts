import { newId } from "@zhanggui/kit/contract/ids";
import { fixturesOf } from "../../testing/every-route.ts";
import { testPassword } from "../../testing/test-server.ts";
import { access } from "./access.contract.ts";
import { fromBase32, hotp, stepOf } from "./internal/totp.ts";
import { Setup } from "./setup.ts";

export const fixtures = fixturesOf(access)(async ({ owner, powerless, server }) => {
  const role = await owner.api.access.createRole({ name: "To be changed", permissions: [] });
  const unused = await owner.api.access.createRole({ name: "To be deleted", permissions: [] });
  const login = "renewed@lantern-tea.example";
  await owner.api.access.createAccount({ login, displayName: "Renewed", password: testPassword, roleIds: [role.id] });
  const { refreshToken } = await server.anonymous().access.login({ login, password: testPassword });
  await server.anonymous().access.refresh({ refreshToken });
  await owner.api.access.inviteAccount({ accountId: powerless.accountId });
  const { account: self } = await owner.api.access.me();
  const other = { tenantName: "Another", login: self.login, displayName: "Owner", password: testPassword };
  const visitor = server.runtime.ctx(newId(server.clock.now()));
  const { me } = await server.app.get(Setup).open(visitor, other, { first: false });
  await owner.api.access.proveTenant({ password: testPassword });
  const top = await owner.api.access.createDepartment({ name: "门店" });
  const { id: departmentId } = await owner.api.access.createDepartment({ name: "一店", parentId: top.id });
  const empty = await owner.api.access.createDepartment({ name: "To be deleted" });
  await owner.api.access.updateAccount({ accountId: powerless.accountId, departmentIds: [departmentId] });
  const { secret } = await owner.api.access.beginSecondFactor({ password: testPassword });
  /** One after the other: none is taken twice. */
  const code = () => {
    server.clock.advance(30_000);
    return { code: hotp(fromBase32(secret), stepOf(server.clock.now())) };
  };
  const forgetful = await server.asHolderOf([], owner);
  const { secret: theirs } = await forgetful.api.access.beginSecondFactor({ password: testPassword });
  await forgetful.api.access.confirmSecondFactor({ code: hotp(fromBase32(theirs), stepOf(server.clock.now())) });
  const { accountId } = forgetful;
  const leaver = await server.asHolderOf([], owner);
  await owner.api.access.impersonate({ accountId, reason: "帮忙查看" });
  await server.anonymous().access.login({ login: self.login, password: testPassword, tenantId: owner.tenantId });
  const { items: signIns } = await owner.api.access.listOwnSessions();
  const elsewhere = signIns.find(({ isCurrent }) => !isCurrent);
  let made = 0;
  return {
    listOwnSessions: {},
    endOwnSession: { sessionId: elsewhere!.id },
    endOtherSessions: {},
    listAccountSessions: { accountId },
    endAccountSessions: { accountId },
    impersonate: { accountId, reason: "帮忙查看" },
    endImpersonation: {},
    me: {},
    listOtherTenants: {},
    proveTenant: { password: testPassword },
    switchTenant: { tenantId: me.tenant.id },
    logout: {},
    changePassword: { currentPassword: testPassword, newPassword: testPassword },
    listAccounts: {},
    createAccount: () => ({
      login: `new-${++made}@lantern-tea.example`,
      displayName: "New",
      password: testPassword,
      roleIds: [role.id],
    }),
    updateAccount: { accountId: powerless.accountId, displayName: "Renamed" },
    disableAccount: { accountId: leaver.accountId },
    inviteAccount: { accountId: powerless.accountId },
    unlockAccount: { accountId: powerless.accountId },
    listPermissions: {},
    explainPermission: { accountId: owner.accountId, code: "access:read" },
    getSecondFactor: {},
    beginSecondFactor: { password: testPassword },
    confirmSecondFactor: code,
    renewRecoveryCodes: code,
    endSecondFactor: code,
    resetSecondFactor: { accountId: forgetful.accountId },
    listDepartments: {},
    createDepartment: () => ({ name: `部门 ${++made}`, parentId: top.id }),
    updateDepartment: { departmentId, headId: powerless.accountId },
    deleteDepartment: { departmentId: empty.id },
    listRoles: {},
    createRole: { name: "Another", permissions: ["audience:read"] },
    updateRole: { roleId: role.id, permissions: ["audience:read"] },
    deleteRole: { roleId: unused.id },
  };
});
