import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "新建 API 密钥", en: "Create an API key" },
  update: { zh: "修改 API 密钥", en: "Change an API key" },
  rotate: { zh: "更换 API 密钥内容", en: "Give an API key a new secret" },
  delete: { zh: "删除 API 密钥", en: "Delete an API key" },
};
