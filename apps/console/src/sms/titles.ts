/** What is made here: the title of the form, and an action of the palette. */
export const newAccount = { zh: "新建短信账号", en: "New account" };
export const newTemplate = { zh: "新建短信模板", en: "New template" };
export const repliesTitle = { zh: "短信回复", en: "Replies by text" };
