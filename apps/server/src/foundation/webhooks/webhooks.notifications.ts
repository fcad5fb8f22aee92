import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { webhooksRead } from "./webhooks.contract.ts";

export const endpointDisabled = notification(
  "webhooks.disabled",
  z.object({ name: z.string(), because: z.enum(["gone", "failing"]) }),
  {
    label: { zh: "Webhook 被自动停用", en: "A webhook was switched off" },
    title: ({ name, because }) =>
      because === "gone"
        ? {
            zh: `Webhook“${name}”已停用：接收方回答不再需要（410）`,
            en: `The webhook “${name}” was switched off: its receiver answered 410, gone`,
          }
        : {
            zh: `Webhook“${name}”已停用：连续 5 天投递失败`,
            en: `The webhook “${name}” was switched off: every delivery failed for five days`,
          },
    link: () => "/webhooks",
    importance: "high",
    needs: webhooksRead,
  },
);
