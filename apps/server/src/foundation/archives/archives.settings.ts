import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

export const keepDays = setting("archives.keepDays", z.int().min(1).max(90), 7, {
  zh: "压缩包保留的天数。",
  en: "For how many days zips are kept.",
});
