/** What is made here: the title of the form, and an action of the palette. */
export const newForm = { zh: "新建表单", en: "New form" };
