import { pruneDeadLetters } from "@zhanggui/kit/server/queue/dead-letters";
import { retention } from "@zhanggui/kit/server/retention";

/** Those of events go with their events. */
export const keepDeadLetters = retention(
  "events.keepDeadLettersDays",
  90,
  { zh: "多次重试后仍失败的任务和发送", en: "tasks and sendings that failed in spite of many tries" },
  pruneDeadLetters,
);
