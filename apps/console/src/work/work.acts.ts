import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  pause: { zh: "暂停后台任务", en: "Pause a background action" },
  resume: { zh: "继续后台任务", en: "Go on with a background action" },
  cancel: { zh: "取消后台任务", en: "Cancel a background action" },
};
