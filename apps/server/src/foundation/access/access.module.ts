import { daily, defineModule, items } from "@zhanggui/kit/server/module";
import { authenticator } from "@zhanggui/kit/server/http/caller";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { limitedBy, measured } from "@zhanggui/kit/server/plan-limits";
import { access } from "./access.contract.ts";
import { accountsLimit } from "./access.limits.ts";
import { AccessService } from "./access.service.ts";
import { Departments } from "./departments.ts";
import { FactorDemands } from "./factor-demand.ts";
import { Impersonations } from "./impersonations.ts";
import { Invitations } from "./invitations.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { OtherTenants } from "./other-tenants.ts";
import { OwnSessions } from "./own-sessions.ts";
import { Passwords } from "./passwords.ts";
import { Rights } from "./rights.ts";
import { SecondFactors } from "./second-factors.ts";
import type { Kept } from "./sealed-tokens.ts";
import { SessionCookie } from "./session-cookie.ts";
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
    cookie: SessionCookie,
    impersonations: Impersonations,
    demands: FactorDemands,
    sessions: Sessions,
    signIn: SignIn,
    secondFactors: SecondFactors,
    passwords: Passwords,
    setup: Setup,
    invitations: Invitations,
    otherTenants: OtherTenants,
    ownSessions: OwnSessions,
    why: Why,
  },
  routes: ({
    accounts,
    cookie,
    departments,
    invitations,
    otherTenants,
    ownSessions,
    secondFactors,
    sessions,
    setup,
    signIn,
    why,
  }) => ({
    setupStatus: setup.status,
    setup: keeping(cookie, setup.run),
    login: keeping(cookie, signIn.login),
    refresh: sessions.refresh,
    listOtherTenants: items(otherTenants.list),
    proveTenant: items(otherTenants.prove),
    switchTenant: keeping(cookie, otherTenants.switch),
    logout: sessions.logout,
    me: sessions.me,
    changePassword: sessions.changePassword,
    listAccounts: accounts.listAccounts,
    createAccount: invitations.createAccount,
    updateAccount: accounts.updateAccount,
    disableAccount: accounts.disableAccount,
    inviteAccount: invitations.invite,
    readInvitation: invitations.read,
    acceptInvitation: keeping(cookie, invitations.accept),
    unlockAccount: accounts.unlockAccount,
    listOwnSessions: ownSessions.list,
    endOwnSession: ownSessions.end,
    endOtherSessions: ownSessions.endOthers,
    listAccountSessions: ownSessions.listOf,
    endAccountSessions: ownSessions.endOf,
    impersonate: sessions.impersonate,
    endImpersonation: sessions.endImpersonation,
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
  extensions: ({ accounts, sessions }) => ({
    sessions: authenticator(sessions),
    accounts: measured(limitedBy(accountsLimit, accounts.count)),
  }),
});

/** For what begins a session: it is answered as the caller wants to keep it. */
function keeping<Input extends Parameters<SessionCookie["answer"]>[2], Session extends Kept>(
  cookie: SessionCookie,
  begin: (ctx: Ctx, input: Input) => Promise<Session>,
) {
  return async (ctx: Ctx, input: Input) => cookie.answer(ctx, await begin(ctx, input), input);
}
