import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "新建群发", en: "Write a broadcast" },
  update: { zh: "修改群发", en: "Change a broadcast" },
  delete: { zh: "删除群发", en: "Delete a broadcast" },
  preview: { zh: "预览群发", en: "Preview a broadcast" },
  send: { zh: "发出群发", en: "Send a broadcast" },
  resend: { zh: "重发失败批次", en: "Send failed parts again" },
  takeDown: { zh: "撤下群发", en: "Take a broadcast down" },
};
