import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "新建短链接", en: "Create a short link" },
  update: { zh: "修改短链接", en: "Change a short link" },
  delete: { zh: "删除短链接", en: "Delete a short link" },
};
