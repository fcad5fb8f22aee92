import { randomBytes } from "node:crypto";
import { secretSetting } from "@zhanggui/kit/contract/setting";
import { z } from "zod";

/** Besides `METRICS_TOKEN` of the environment: this one can be renewed without a restart. */
export const metricsToken = secretSetting(
  "operations.metricsToken",
  z
    .string()
    .min(16)
    .max(200)
    .regex(/^[\x21-\x7e]*$/),
  { zh: "读取监控指标的密钥", en: "Token for reading the metrics" },
  {
    help: {
      zh: "Prometheus 读取 /metrics 时放在 Authorization 请求头里：Bearer 加上此密钥。至少 16 个字符。",
      en: "What Prometheus brings to /metrics, in the header Authorization: Bearer and this. At least 16 characters.",
    },
    levels: ["platform"],
    generate: () => randomBytes(32).toString("base64url"),
  },
);
