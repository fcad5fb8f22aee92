import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "保存列表视图", en: "Keep a view of a list" },
  update: { zh: "修改列表视图", en: "Change a view of a list" },
  share: { zh: "共享或收回列表视图", en: "Share a view, or take it back" },
  delete: { zh: "删除列表视图", en: "Delete a view of a list" },
};
