import { planLimit } from "@zhanggui/kit/contract/plan";

/** What is uploaded; what the server makes (exports, archives) goes by itself, and is never refused. */
export const megabytesLimit = planLimit(
  "files.megabytes",
  { zh: "文件空间（MB）", en: "File space (MB)" },
  { basic: 1_024, growth: 20_480, enterprise: 512_000, partner: null },
);
