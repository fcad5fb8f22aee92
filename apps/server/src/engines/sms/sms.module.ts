import { dependency } from "@zhanggui/kit/server/dependency";
import { cron, defineModule } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { codeSender } from "../../foundation/codes/code-sender.ts";
import { Accounts } from "./accounts.ts";
import { Receipts } from "./receipts.ts";
import { Router } from "./router.ts";
import { sms } from "./sms.contract.ts";
import { keepTexts } from "./sms.settings.ts";
import { SmsTemplates } from "./templates.ts";
import { Texts } from "./texts.ts";

export const smsModule = defineModule(sms, {
  uses: [accessModule],
  services: { accounts: Accounts, templates: SmsTemplates, receipts: Receipts, router: Router, texts: Texts },
  routes: ({ accounts, templates, receipts, texts }) => ({
    listAccounts: accounts.list,
    createAccount: accounts.create,
    updateAccount: accounts.update,
    getCallback: accounts.callback,
    deleteAccount: accounts.delete,
    listTemplates: templates.list,
    createTemplate: templates.create,
    updateTemplate: templates.update,
    deleteTemplate: templates.delete,
    testTemplate: texts.test,
    listAttempts: receipts.listAttempts,
    listReplies: receipts.listReplies,
    takePush: receipts.push,
  }),
  schedules: ({ receipts }) => ({ pull_receipts: cron("* * * * *", receipts.pull) }),
  keeps: [keepTexts],
  extensions: ({ texts }) => ({ sms: dependency({ check: texts.check }), codes: codeSender(texts) }),
});
