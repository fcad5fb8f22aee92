import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { tenantsManage, tenantsPlan } from "./tenants.contract.ts";

/** Told to those of a tenant who look after its plan. `days`: until then; 0: it is over. */
export const ownPlanEnds = notification("tenants.own_plan_ends", z.object({ days: z.int(), endsOn: z.iso.date() }), {
  label: { zh: "套餐即将到期或已到期", en: "Our plan ends, or has ended" },
  title: ({ days, endsOn }) =>
    days === 0
      ? {
          zh: `套餐已于 ${endsOn} 到期，目前只能查看和导出，续期后一切照常`,
          en: `Our plan ended on ${endsOn}: we can look and export only until it is renewed`,
        }
      : {
          zh: `套餐将于 ${endsOn} 到期（剩余 ${days} 天），请及时续期`,
          en: `Our plan ends on ${endsOn}, days left: ${days}. Please renew it in time`,
        },
  link: () => "/settings/plan",
  importance: "high",
  needs: tenantsPlan,
});

/** The same for whoever runs the server. */
export const tenantPlanEnds = notification(
  "tenants.plan_ends",
  z.object({ tenantName: z.string(), days: z.int(), endsOn: z.iso.date() }),
  {
    label: { zh: "企业的套餐即将到期或已到期", en: "A business's plan ends, or has ended" },
    title: ({ tenantName, days, endsOn }) =>
      days === 0
        ? { zh: `“${tenantName}”的套餐已于 ${endsOn} 到期`, en: `The plan of “${tenantName}” ended on ${endsOn}` }
        : {
            zh: `“${tenantName}”的套餐将于 ${endsOn} 到期（剩余 ${days} 天）`,
            en: `The plan of “${tenantName}” ends on ${endsOn}, days left: ${days}`,
          },
    link: () => "/settings/tenants",
    importance: "normal",
    needs: tenantsManage,
  },
);

/** Told to everybody of a tenant that the platform lets read only. The banner above every page says it, too. */
export const ownSuspended = notification("tenants.own_suspended", z.object({ because: z.string() }), {
  label: { zh: "本企业被暂停", en: "Our business is suspended" },
  title: ({ because }) => ({
    zh: `平台已暂停本企业，目前只能查看和导出。原因：${because}`,
    en: `This business is suspended by whoever runs this server: you can look and export only. Why: ${because}`,
  }),
  link: () => "/",
  importance: "high",
});
