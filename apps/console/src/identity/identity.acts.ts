import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  create: { zh: "新建统一登录", en: "Add an identity provider" },
  update: { zh: "修改统一登录", en: "Change an identity provider" },
  delete: { zh: "删除统一登录", en: "Delete an identity provider" },
  callback: { zh: "用统一登录登录", en: "Sign in by a provider" },
};
