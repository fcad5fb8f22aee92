import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  pause: { zh: "暂停批量操作", en: "Pause a bulk action" },
  resume: { zh: "继续批量操作", en: "Go on with a bulk action" },
  cancel: { zh: "取消批量操作", en: "Cancel a bulk action" },
};
