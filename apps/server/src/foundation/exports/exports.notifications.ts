import { Id } from "@zhanggui/kit/contract/ids";
import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";

const Text = z.object({ zh: z.string(), en: z.string() });

export const exportReady = notification("exports.ready", z.object({ exportId: Id, what: Text, rows: z.int() }), {
  label: { zh: "导出完成", en: "Export ready" },
  title: ({ what, rows }) => ({
    zh: `${what.zh}已导出，共 ${rows.toLocaleString("en")} 行，可以下载了`,
    en: `The export of ${what.en} is ready: ${rows.toLocaleString("en")} rows`,
  }),
  link: () => "/downloads",
  importance: "normal",
});

export const exportStopped = notification("exports.stopped", z.object({ exportId: Id, what: Text, why: Text }), {
  label: { zh: "导出中断", en: "Export stopped" },
  title: ({ what, why }) => ({
    zh: `${what.zh}的导出已中断：${why.zh}`,
    en: `The export of ${what.en} stopped: ${why.en}`,
  }),
  link: () => "/downloads",
  importance: "high",
});
