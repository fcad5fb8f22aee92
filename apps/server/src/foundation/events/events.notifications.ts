import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";
import { eventsRead } from "./events.contract.ts";

export const givenUp = notification("events.given_up", z.object({ count: z.int(), isMore: z.boolean() }), {
  label: { zh: "任务多次重试后失败", en: "Tasks failed after many tries" },
  title: ({ count, isMore }) => ({
    zh: `${count}${isMore ? "+" : ""} 个任务多次重试后放弃，等您处理`,
    en: `Tasks that failed after many tries and need you: ${count}${isMore ? "+" : ""}`,
  }),
  link: () => "/insight/dead-letters",
  importance: "high",
  needs: eventsRead,
});
