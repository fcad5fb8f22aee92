import { retention, rowsOf } from "@zhanggui/kit/server/retention";

export const keepTexts = retention(
  "sms.keepDays",
  365,
  { zh: "短信记录和短信回复", en: "text messages and replies to them" },
  rowsOf("sms_attempt"),
  rowsOf("sms_reply"),
);
