import { api } from "../common/api.ts";

export const words = {
  title: { zh: "通知", en: "Notifications" },
  readAll: { zh: "全部标为已读", en: "Mark all as read" },
  choose: { zh: "通知设置", en: "Notification settings" },
  unread: { zh: "未读：", en: "Unread: " },
  empty: { zh: "没有通知", en: "No notifications" },
  hint: { zh: "有事发生时会在这里告诉您。", en: "You'll be told here when something happens." },
};

/** All that were there a moment ago: one that comes meanwhile stays unread. */
export async function markAllRead(): Promise<void> {
  const { items } = await api.notifications.list({ limit: 1 });
  const [newest] = items;
  if (newest !== undefined) await api.notifications.readAll({ until: newest.at });
}
