import { smsRead, smsWrite } from "@zhanggui/server/engines/sms/sms.contract";
import type { Page } from "../common/pages.ts";
import { newAccount, newTemplate, repliesTitle } from "./titles.ts";

export const pages: readonly Page[] = [
  {
    path: "messages/texts",
    name: "sms-attempts",
    list: "sms.listAttempts",
    view: () => import("./AttemptsPage.vue"),
    needs: smsRead,
    title: { zh: "短信记录", en: "Text messages" },
    menu: { group: "messages", order: 8, icon: "phone" },
  },
  {
    path: "messages/texts/replies",
    name: "sms-replies",
    list: "sms.listReplies",
    view: () => import("./RepliesPage.vue"),
    needs: smsRead,
    title: repliesTitle,
  },
  {
    path: "messages/texts/templates",
    name: "sms-templates",
    list: "sms.listTemplates",
    creates: { label: newTemplate, needs: smsWrite },
    view: () => import("./SmsTemplatesPage.vue"),
    needs: smsRead,
    title: { zh: "短信模板", en: "Text templates" },
    menu: { group: "messages", order: 9, icon: "scene" },
  },
  {
    path: "connect/texts",
    name: "sms-accounts",
    list: "sms.listAccounts",
    creates: { label: newAccount, needs: smsWrite },
    view: () => import("./SmsAccountsPage.vue"),
    needs: smsRead,
    title: { zh: "短信账号", en: "Text accounts" },
    menu: { group: "connect", order: 3, icon: "phone" },
  },
];
