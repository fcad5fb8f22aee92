import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  read: { zh: "标为已读", en: "Mark notifications as read" },
  readAll: { zh: "全部标为已读", en: "Mark all as read" },
  choose: { zh: "选择接收哪些通知", en: "Choose notifications" },
};
