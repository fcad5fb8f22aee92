import { fixturesOf } from "../../testing/every-route.ts";
import { sms } from "./sms.contract.ts";

export const fixtures = fixturesOf(sms)(async ({ owner, newCarrier }) => {
  const { keyId, secret } = newCarrier();
  const account = { name: "阿里云", provider: "aliyun", keyId, secret } as const;
  const { id: accountId, callbackUrl } = await owner.api.sms.createAccount(account);
  const bindings = [{ accountId, signature: "灯笼茶", code: "SMS_1" }];
  const template = { name: "取茶", category: "notice", text: "取茶号{{ number }}", bindings } as const;
  const { id: templateId } = await owner.api.sms.createTemplate(template);
  const key = callbackUrl.split("/").at(-1) ?? "";
  return {
    listAccounts: {},
    createAccount: { ...account, name: "另一个" },
    updateAccount: { accountId, weight: 3 },
    deleteAccount: { accountId },
    listTemplates: {},
    createTemplate: { ...template, bindings: [] },
    updateTemplate: { templateId, name: "取茶通知" },
    deleteTemplate: { templateId },
    testTemplate: { templateId, phone: "13800000001", values: { number: "A7" } },
    listAttempts: {},
    listReplies: {},
    takePush: { tenantId: owner.tenantId, accountId, key, bytes: Buffer.from("[]") },
  };
});
