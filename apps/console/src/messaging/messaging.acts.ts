import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  createRule: { zh: "新建自动回复", en: "Create an auto-reply" },
  updateRule: { zh: "修改自动回复", en: "Change an auto-reply" },
  deleteRule: { zh: "删除自动回复", en: "Delete an auto-reply" },
  createScene: { zh: "新建场景", en: "Create a scene" },
  updateScene: { zh: "修改场景", en: "Change a scene" },
  deleteScene: { zh: "删除场景", en: "Delete a scene" },
  reply: { zh: "回复客户", en: "Answer a customer" },
  closeConversation: { zh: "结束会话", en: "Close a conversation" },
};
