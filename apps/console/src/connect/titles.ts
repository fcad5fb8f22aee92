/** What is made here: the titles of forms, and the palette's actions. */
export const newApp = { zh: "绑定公众号", en: "Bind an account" };
export const newChannel = { zh: "新建渠道码", en: "New channel code" };
export const appsTitle = { zh: "微信应用", en: "WeChat apps" };
export const menuTitle = { zh: "自定义菜单", en: "Menu" };
