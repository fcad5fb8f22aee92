import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

/** Of the whole server: how long lines can be looked up in the console. */
export const keepLogs = setting(
  "logs.keepDays",
  z.int().min(0).max(90),
  7,
  { zh: "控制台里系统日志保留的天数", en: "For how many days the log can be searched in the console" },
  {
    help: {
      zh: "0 为不保留。标准输出不受影响：长期保存请由日志采集负责。",
      en: "0: none is kept. Standard output stays as it is: shipping it is what keeps it for long.",
    },
    levels: ["platform"],
  },
);
