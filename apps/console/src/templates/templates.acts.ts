import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  sync: { zh: "同步消息模板", en: "Synchronise message templates" },
  add: { zh: "添加消息模板", en: "Add a message template" },
  delete: { zh: "删除消息模板", en: "Delete a message template" },
};
