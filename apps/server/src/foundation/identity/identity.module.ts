import { defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../access/access.module.ts";
import { factorDemand } from "../access/factor-demand.ts";
import { passwordRule, signInWay } from "../access/sign-in-ways.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { settingGuard } from "../settings/versions.ts";
import { FactorRule } from "./factor-rule.ts";
import { identity } from "./identity.contract.ts";
import { IdentityService } from "./identity.service.ts";
import { passwordsForOwnersOnly, secondFactorGraceDays, secondFactorOf } from "./identity.settings.ts";
import { PasswordRule } from "./password-rule.ts";
import { ProviderClient } from "./provider-client.ts";
import { ProviderSignIn } from "./provider-sign-in.ts";

export const identityModule = defineModule(identity, {
  uses: [accessModule, settingsModule],
  services: {
    client: ProviderClient,
    identity: IdentityService,
    signIn: ProviderSignIn,
    rule: PasswordRule,
    factorRule: FactorRule,
  },
  routes: ({ identity, signIn }) => ({
    list: identity.list,
    create: identity.create,
    update: identity.update,
    delete: identity.delete,
    begin: signIn.begin,
    callback: signIn.callback,
  }),
  settings: [passwordsForOwnersOnly, secondFactorOf, secondFactorGraceDays],
  extensions: ({ factorRule, identity, rule }) => ({
    demand: factorDemand((ctx) => factorRule.demanded(ctx)),
    ownFirst: settingGuard({ setting: secondFactorOf, demand: (ctx, value) => factorRule.demandOwn(ctx, value) }),
    ways: signInWay(async (ctx) =>
      (await identity.enabled(ctx)).map(({ id, name }) => ({ name, url: `/api/sign-in/${ctx.tenantId}/${id}` })),
    ),
    passwords: passwordRule((ctx, accountId) => rule.allows(ctx, accountId)),
  }),
});
