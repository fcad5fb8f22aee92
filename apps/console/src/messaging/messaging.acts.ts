import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** What calls of its routes are to people, in the audit log. */
export const acts: Readonly<Record<string, LocalizedText>> = {
  createRule: { zh: "新建自动回复", en: "Create an auto-reply" },
  updateRule: { zh: "修改自动回复", en: "Change an auto-reply" },
  deleteRule: { zh: "删除自动回复", en: "Delete an auto-reply" },
  createScene: { zh: "新建场景", en: "Create a scene" },
  updateScene: { zh: "修改场景", en: "Change a scene" },
  deleteScene: { zh: "删除场景", en: "Delete a scene" },
  fetchMedia: { zh: "取客户发来的语音或视频", en: "Fetch a customer's voice or video" },
  reply: { zh: "回复客户", en: "Answer a customer" },
  retryReply: { zh: "重新发送回复", en: "Send an answer again" },
  closeConversation: { zh: "结束会话", en: "Close a conversation" },
  assignConversation: { zh: "分配或转交会话", en: "Assign or hand over a conversation" },
  noteConversation: { zh: "写内部备注", en: "Note something in a conversation" },
  readConversation: { zh: "阅读会话", en: "Read a conversation" },
  snoozeConversation: { zh: "稍后处理会话", en: "Snooze a conversation" },
  showTyping: { zh: "显示正在输入", en: "Show that somebody is writing" },
  setDuty: { zh: "上班或下班", en: "Go on duty, or off" },
  createCanned: { zh: "新建快捷回复", en: "Create a canned answer" },
  updateCanned: { zh: "修改快捷回复", en: "Change a canned answer" },
  deleteCanned: { zh: "删除快捷回复", en: "Delete a canned answer" },
};
