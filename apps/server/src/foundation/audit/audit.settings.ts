import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

/** Three years. China's Cybersecurity Law (2016, art. 21) asks for six months of network logs at least. */
export const auditKeepDays = setting("audit.keepDays", z.int().min(0).max(36_500), 1095, {
  zh: "审计记录保留的天数；0 为永久保留。",
  en: "For how many days entries of the audit log are kept; 0: for ever.",
});
