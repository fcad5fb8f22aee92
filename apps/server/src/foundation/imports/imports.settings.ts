import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

export const maxMegabytes = setting("imports.maxMegabytes", z.int().min(1).max(100), 50, {
  zh: "一个导入文件最大的大小（MB）。",
  en: "How large a file that is imported may be, in MB.",
});
export const maxRows = setting("imports.maxRows", z.int().min(1).max(1_048_576), 200_000, {
  zh: "一个导入文件最多的行数。",
  en: "How many rows a file that is imported may have.",
});
export const keepDays = setting("imports.keepDays", z.int().min(1).max(365), 30, {
  zh: "导入记录及其文件保留的天数。",
  en: "For how many days imports are kept, with their files.",
});
