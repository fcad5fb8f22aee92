import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  createAccount: { zh: "新建短信账号", en: "Add an account of text messages" },
  updateAccount: { zh: "修改短信账号", en: "Change an account of text messages" },
  deleteAccount: { zh: "删除短信账号", en: "Take an account of text messages away" },
  createTemplate: { zh: "新建短信模板", en: "Add a text template" },
  updateTemplate: { zh: "修改短信模板", en: "Change a text template" },
  deleteTemplate: { zh: "删除短信模板", en: "Take a text template away" },
  testTemplate: { zh: "试发短信", en: "Send a text to try it" },
  takePush: { zh: "收到短信回执", en: "Take receipts of text messages" },
};
