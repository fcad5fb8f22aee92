/** What is made here: the titles of forms, and the palette's actions. */
export const newProvider = { zh: "新建统一登录", en: "New identity provider" };
