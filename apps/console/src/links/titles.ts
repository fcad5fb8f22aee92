/** What is made here: the title of the form, and an action of the palette. */
export const newLink = { zh: "新建短链接", en: "New short link" };
