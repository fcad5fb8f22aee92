import { retention, rowsOf } from "@zhanggui/kit/server/retention";

export const keepWork = retention(
  "work.keepDays",
  90,
  { zh: "已结束的后台任务", en: "background actions that have ended" },
  rowsOf("work_run", "endedAt"),
);
