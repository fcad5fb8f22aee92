import { setting } from "@zhanggui/kit/contract/setting";
import { retention, rowsOf } from "@zhanggui/kit/server/retention";
import { z } from "zod";

const pushes = { zh: "微信推送", en: "Pushes of WeChat" };

/** WeChat gives up after five seconds and shows the user an error; what we can't say by then we don't say. */
export const replyTimeoutMs = setting(
  "connect.replyTimeoutMs",
  z.int().min(100).max(4500),
  3000,
  { zh: "自动回复最长等待（毫秒）", en: "Longest wait for an automatic reply (ms)" },
  {
    help: {
      zh: "超过这个时间就不再回复；微信自己 5 秒后放弃。",
      en: "After that nothing is answered any more. WeChat itself gives up after five seconds.",
    },
    group: pushes,
    levels: ["platform", "tenant", "app"],
  },
);

/** How far a push's timestamp may be from our clock: room for WeChat's retries and for clocks that differ. */
export const pushToleranceSeconds = setting(
  "connect.pushToleranceSeconds",
  z.int().min(15).max(3600),
  300,
  { zh: "推送时间戳允许的最大偏差（秒）", en: "Largest difference of a push's timestamp (s)" },
  {
    help: {
      zh: "与服务器时间相差更多的推送会被拒绝。",
      en: "Pushes that are further from the server's clock are refused.",
    },
    group: pushes,
    levels: ["platform", "tenant", "app"],
  },
);

/** Pages of the business on other servers: where people who signed in may go back to, and what may use the JS-SDK. */
export const pageDomains = setting(
  "connect.pageDomains",
  z
    .array(
      z
        .string()
        .trim()
        .toLowerCase()
        .regex(/^(?=.{4,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z]{2,63}$/),
    )
    .max(50),
  [],
  { zh: "网页所在的域名", en: "Domains of your pages" },
  {
    help: {
      zh: "每行一个，不含 https:// 和路径。微信登录后只会回到这些域名和本系统，也只为它们签发 JS-SDK。",
      en: "A line each, without https:// and path. After signing in at WeChat people only go back to these and to this system, and only their pages get JS-SDK signatures.",
    },
    group: { zh: "微信网页", en: "Pages inside WeChat" },
    levels: ["platform", "tenant", "app"],
  },
);

/** A channel's figures stay: they are counted as messages come in. */
export const keepInbound = retention(
  "connect.keepInboundDays",
  180,
  { zh: "微信推送来的消息及其回复", en: "messages that WeChat pushed, with their replies," },
  rowsOf("connect_inbound"),
  rowsOf("connect_conversation", "lastAt"),
);
