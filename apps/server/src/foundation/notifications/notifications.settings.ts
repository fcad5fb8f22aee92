import { retention, rowsOf } from "@zhanggui/kit/server/retention";

export const keepNotifications = retention(
  "notifications.keepDays",
  90,
  { zh: "通知", en: "notifications" },
  rowsOf("notifications_notice", "at"),
);
