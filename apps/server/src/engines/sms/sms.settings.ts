import { retention, rowsOf } from "@zhanggui/kit/server/retention";

export const keepTexts = retention(
  "sms.keepDays",
  365,
  { zh: "短信记录、回执和短信回复", en: "text messages, their receipts and replies" },
  rowsOf("sms_attempt"),
  rowsOf("sms_receipt", "receivedAt"),
  rowsOf("sms_reply"),
);
