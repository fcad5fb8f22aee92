import { planLimit } from "@zhanggui/kit/contract/plan";

/** Those that aren't switched off: who was invited counts from then on. */
export const accountsLimit = planLimit(
  "access.accounts",
  { zh: "账号", en: "Accounts" },
  { basic: 5, growth: 20, enterprise: 200, partner: null },
);
