import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

export const quotaMegabytes = setting("files.quotaMegabytes", z.int().min(0).max(100_000_000), 10_240, {
  zh: "文件总共可占用的空间（MB），0 为不限；达到后不能再上传。",
  en: "Space that all files may take, in MB; 0 for no limit. Once it is full nothing more is uploaded.",
});
