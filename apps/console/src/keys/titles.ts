/** What is made here: the title of the form, and an action of the palette. */
export const newKey = { zh: "新建 API 密钥", en: "New API key" };
