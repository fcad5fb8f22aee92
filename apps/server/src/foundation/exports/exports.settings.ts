import { setting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

export const keepDays = setting(
  "exports.keepDays",
  z.int().min(1).max(90),
  7,
  { zh: "导出的文件保留的天数", en: "Days that exported files are kept" },
  { help: { zh: "到期后自动删除。", en: "Then they are deleted." } },
);
