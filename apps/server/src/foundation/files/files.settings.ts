import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

export const quotaMegabytes = setting(
  "files.quotaMegabytes",
  z.int().min(0).max(100_000_000),
  10_240,
  { zh: "文件可占用的空间（MB）", en: "Space that files may take (MB)" },
  {
    help: {
      zh: "达到后不能再上传；0 为不限。平台可以锁定，使租户不能自行放宽。",
      en: "Once it is full nothing more is uploaded; 0: no limit. Pinned by the platform, no tenant can widen it.",
    },
  },
);
