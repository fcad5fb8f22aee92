/** What is made here: the title of the form, and an action of the palette. */
export const newWebhook = { zh: "新建 Webhook", en: "New webhook" };
export const deliveriesTitle = { zh: "Webhook 投递", en: "Webhook deliveries" };
