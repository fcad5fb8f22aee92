/** What is made here: the titles of forms, and the palette's actions. */
export const newTenant = { zh: "开通企业", en: "Open a business" };
