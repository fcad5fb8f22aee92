import { Id } from "@zhanggui/kit/contract/ids";
import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";

const Text = z.object({ zh: z.string(), en: z.string() });

/** Both languages part thousands alike. */
const n = (count: number): string => count.toLocaleString("en");

export const workEnded = notification(
  "work.ended",
  z.object({ runId: Id, action: Text, done: z.int(), failed: z.int() }),
  {
    label: { zh: "后台任务完成", en: "Background action finished" },
    title: ({ action, done, failed }) => ({
      zh: `“${action.zh}”已完成 ${n(done)} 条${failed > 0 ? `，${n(failed)} 条失败` : ""}`,
      en: `“${action.en}” is done: ${n(done)}${failed > 0 ? `, ${n(failed)} failed` : ""}`,
    }),
    link: ({ runId }) => `/work?run=${runId}`,
    importance: "normal",
  },
);

export const workStopped = notification(
  "work.stopped",
  z.object({ runId: Id, action: Text, done: z.int(), why: Text }),
  {
    label: { zh: "后台任务中断", en: "Background action stopped" },
    title: ({ action, done, why }) => ({
      zh: `“${action.zh}”完成 ${n(done)} 条后中断：${why.zh}`,
      en: `“${action.en}” stopped after ${n(done)}: ${why.en}`,
    }),
    link: ({ runId }) => `/work?run=${runId}`,
    importance: "high",
  },
);
