import { planLimit } from "@zhanggui/kit/contract/plan";

/** Whoever comes by WeChat is always taken; what is limited is adding more by hand, by import or by the API. */
export const peopleLimit = planLimit(
  "audience.people",
  { zh: "客户", en: "People" },
  { basic: 5_000, growth: 100_000, enterprise: 5_000_000, partner: null },
);
