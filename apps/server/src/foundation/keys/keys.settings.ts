import { retention, rowsOf } from "@zhanggui/kit/server/retention";

export const keepUse = retention(
  "keys.keepUseDays",
  400,
  { zh: "API 密钥的每日调用次数", en: "API keys' calls by day" },
  rowsOf("keys_use", "day"),
);
