import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { connectWrite } from "./connect.contract.ts";

export const appFailing = notification(
  "connect.app_failing",
  z.object({ appName: z.string(), why: z.object({ zh: z.string(), en: z.string() }) }),
  {
    label: { zh: "微信应用无法调用", en: "A WeChat app stopped working" },
    title: ({ appName, why }) => ({
      zh: `微信不接受“${appName}”的密钥：${why.zh}`,
      en: `WeChat rejected the secret of “${appName}”: ${why.en}`,
    }),
    link: () => "/connect/apps",
    importance: "high",
    needs: connectWrite,
  },
);
