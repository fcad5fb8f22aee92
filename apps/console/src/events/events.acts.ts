import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  replay: { zh: "重试失败的任务", en: "Try failed tasks again" },
  replaySome: { zh: "批量重试失败的任务", en: "Try several failed tasks again" },
};
