import { daily, defineModule, items } from "@zhanggui/kit/server/module";
import { authenticator } from "@zhanggui/kit/server/http/caller";
import { access } from "./access.contract.ts";
import { AccessService } from "./access.service.ts";
import { LoginAttempts } from "./internal/login-attempts.ts";
import { Rights } from "./rights.ts";
import { Sessions } from "./sessions.ts";
import { Setup } from "./setup.ts";
import { SignIn } from "./sign-in.ts";
import { Tenants } from "./tenants.ts";

export const accessModule = defineModule(access, {
  services: {
    tenants: Tenants,
    rights: Rights,
    attempts: LoginAttempts,
    accounts: AccessService,
    sessions: Sessions,
    signIn: SignIn,
    setup: Setup,
  },
  routes: ({ accounts, sessions, setup, signIn }) => ({
    setupStatus: setup.status,
    setup: setup.run,
    login: signIn.login,
    refresh: sessions.refresh,
    logout: sessions.logout,
    me: (ctx) => accounts.me(ctx, ctx.actor.id),
    changePassword: sessions.changePassword,
    listAccounts: items(accounts.listAccounts),
    createAccount: accounts.createAccount,
    updateAccount: accounts.updateAccount,
    unlockAccount: accounts.unlockAccount,
    listRoles: accounts.listRoles,
    createRole: accounts.createRole,
    updateRole: accounts.updateRole,
  }),
  schedules: ({ sessions }) => ({ prune: daily("03:17", sessions.prune) }),
  extensions: ({ sessions }) => ({ sessions: authenticator(sessions) }),
});
