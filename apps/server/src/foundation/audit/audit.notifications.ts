import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { auditRead } from "./audit.contract.ts";

export const chainBroken = notification("audit.chain_broken", z.object({ count: z.int() }), {
  label: { zh: "审计日志校验未通过", en: "The audit log doesn't verify" },
  title: ({ count }) => ({
    zh: `审计日志校验发现 ${count} 处被改动`,
    en: `The audit log was tampered with, in so many places: ${count}`,
  }),
  link: () => "/settings/audit",
  importance: "high",
  needs: auditRead,
});
