/** What is made here: the titles of forms, and the palette's actions. */
export const newBroadcast = { zh: "新建群发", en: "New broadcast" };
export const broadcasts = { zh: "群发", en: "Broadcasts" };
