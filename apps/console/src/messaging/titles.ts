export const conversations = { zh: "会话", en: "Conversations" };
/** What is made here: the titles of forms, and the palette's actions. */
export const newRule = { zh: "新建规则", en: "New rule" };
export const canned = { zh: "快捷回复", en: "Canned answers" };
export const newCanned = { zh: "新建快捷回复", en: "New canned answer" };
export const newScene = { zh: "新建场景", en: "New scene" };
