import { daily, defineModule, items } from "@zhanggui/kit/server/module";
import { authenticator } from "@zhanggui/kit/server/http/caller";
import { access } from "./access.contract.ts";
import { AccessService } from "./access.service.ts";
import { Departments } from "./departments.ts";
import { Invitations } from "./invitations.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { OtherTenants } from "./other-tenants.ts";
import { Passwords } from "./passwords.ts";
import { Rights } from "./rights.ts";
import { SecondFactors } from "./second-factors.ts";
import { Sessions } from "./sessions.ts";
import { Setup } from "./setup.ts";
import { SignIn } from "./sign-in.ts";
import { Tenants } from "./tenants.ts";
import { Why } from "./why.ts";

export const accessModule = defineModule(access, {
  services: {
    tenants: Tenants,
    rights: Rights,
    departments: Departments,
    attempts: LoginAttempts,
    accounts: AccessService,
    sessions: Sessions,
    signIn: SignIn,
    secondFactors: SecondFactors,
    passwords: Passwords,
    setup: Setup,
    invitations: Invitations,
    otherTenants: OtherTenants,
    why: Why,
  },
  routes: ({ accounts, departments, invitations, otherTenants, secondFactors, sessions, setup, signIn, why }) => ({
    setupStatus: setup.status,
    setup: setup.run,
    login: signIn.login,
    refresh: sessions.refresh,
    listOtherTenants: items(otherTenants.list),
    proveTenant: items(otherTenants.prove),
    switchTenant: otherTenants.switch,
    logout: sessions.logout,
    me: (ctx) => accounts.me(ctx, ctx.actor.id),
    changePassword: sessions.changePassword,
    listAccounts: accounts.listAccounts,
    createAccount: invitations.createAccount,
    updateAccount: accounts.updateAccount,
    inviteAccount: invitations.invite,
    readInvitation: invitations.read,
    acceptInvitation: invitations.accept,
    unlockAccount: accounts.unlockAccount,
    getSecondFactor: secondFactors.get,
    beginSecondFactor: secondFactors.begin,
    confirmSecondFactor: secondFactors.confirm,
    renewRecoveryCodes: secondFactors.renewCodes,
    endSecondFactor: secondFactors.end,
    resetSecondFactor: secondFactors.reset,
    listDepartments: departments.list,
    createDepartment: departments.create,
    updateDepartment: departments.update,
    deleteDepartment: departments.delete,
    listPermissions: accounts.listPermissions,
    listRoles: accounts.listRoles,
    createRole: accounts.createRole,
    updateRole: accounts.updateRole,
    deleteRole: accounts.deleteRole,
    explainPermission: why.explain,
  }),
  schedules: ({ sessions }) => ({ prune: daily("03:17", sessions.prune) }),
  extensions: ({ sessions }) => ({ sessions: authenticator(sessions) }),
});
