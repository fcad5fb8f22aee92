import { setting } from "@zhanggui/kit/contract/setting";
import { retention } from "@zhanggui/kit/server/retention";
import { z } from "zod";
import { expireGrants, forgetEntries, forgetGrants } from "./internal/clean-up.ts";

/** The mini-program and WeChat tell of the same dialogue, each by its own clock. */
export const sameDialogueSeconds = setting(
  "subscriptions.sameDialogueSeconds",
  z.int().min(5).max(3_600),
  120,
  {
    zh: "小程序上报与微信推送相差多少秒以内算同一次弹窗。",
    en: "Within how many seconds what the mini-program reports and what WeChat pushes are the same dialogue.",
  },
  {
    help: {
      zh: "设得太短，同一次同意会算成两次；太长，紧接着的两次同意会算成一次，只会少发，不会多发。",
      en: "Too short counts one consent twice; too long counts two in a row once, so that less is sent, never more.",
    },
  },
);

/** WeChat names no end: 一次性订阅消息可不限时间地下发一条 (subscribe-message guide, read 2026-11). */
export const keepGrants = retention(
  "subscriptions.keepGrantsDays",
  0,
  { zh: "没有用掉的订阅授权", en: "consents to subscription messages that nobody used" },
  expireGrants,
);

export const keepEntries = retention(
  "subscriptions.keepEntriesDays",
  730,
  { zh: "订阅授权的明细", en: "the entries of the ledger of subscription messages" },
  forgetEntries,
  forgetGrants,
);
