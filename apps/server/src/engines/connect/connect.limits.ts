import { planLimit } from "@zhanggui/kit/contract/plan";

/** Those that are bound. */
export const appsLimit = planLimit(
  "connect.apps",
  { zh: "微信应用", en: "WeChat apps" },
  { basic: 1, growth: 3, enterprise: 20, partner: null },
);
