import { Id } from "@zhanggui/kit/contract/ids";
import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";

const Text = z.object({ zh: z.string(), en: z.string() });

/** Both languages part thousands alike. */
const n = (count: number): string => count.toLocaleString("en");

export const importEnded = notification(
  "imports.ended",
  z.object({ importId: Id, what: Text, created: z.int(), updated: z.int(), failed: z.int() }),
  {
    label: { zh: "导入完成", en: "Import finished" },
    title: ({ what, created, updated, failed }) => ({
      zh: `${what.zh}导入完成：新增 ${n(created)} 条，更新 ${n(updated)} 条${failed > 0 ? `，${n(failed)} 条失败` : ""}`,
      en: `The import of ${what.en} is done: ${n(created)} added, ${n(updated)} updated${failed > 0 ? `, ${n(failed)} failed` : ""}`,
    }),
    link: ({ importId }) => `/imports/${importId}`,
    importance: "normal",
  },
);

export const importStopped = notification("imports.stopped", z.object({ importId: Id, what: Text, why: Text }), {
  label: { zh: "导入中断", en: "Import stopped" },
  title: ({ what, why }) => ({
    zh: `${what.zh}的导入已中断：${why.zh}`,
    en: `The import of ${what.en} stopped: ${why.en}`,
  }),
  link: ({ importId }) => `/imports/${importId}`,
  importance: "high",
});
