import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "新建表单", en: "Begin a form" },
  update: { zh: "重命名、停用或启用表单", en: "Rename a form, or switch it" },
  delete: { zh: "删除表单", en: "Delete a form" },
  saveDraft: { zh: "保存表单草稿", en: "Save a form's draft" },
  takeBack: { zh: "把旧版本取回为草稿", en: "Make an old version the draft" },
  publish: { zh: "发布表单", en: "Publish a form" },
  answer: { zh: "填写表单", en: "Answer a form" },
};
