import { setting } from "@zhanggui/kit/contract/setting";
import { bilingual } from "@zhanggui/kit/contract/text";
import { shortestKeptDays } from "@zhanggui/kit/server/audit/seal";
import { z } from "zod";

const tooShort = bilingual({ zh: `至少 ${shortestKeptDays} 天，或 0`, en: `at least ${shortestKeptDays}, or 0` });

/** Three years. Whoever may change settings can't have the log forget what they did last week. */
export const auditKeepDays = setting(
  "audit.keepDays",
  z
    .int()
    .min(0)
    .max(36_500)
    .refine((days) => days === 0 || days >= shortestKeptDays, { error: tooShort }),
  1095,
  { zh: "审计记录保留的天数", en: "Days that entries of the audit log are kept" },
  {
    help: {
      zh: `至少 ${shortestKeptDays} 天；0 为永久保留。`,
      en: `At least ${shortestKeptDays}; 0: for ever.`,
    },
  },
);
