import { fixturesOf } from "../../testing/every-route.ts";
import { sms } from "./sms.contract.ts";

export const fixtures = fixturesOf(sms)(async ({ owner, server, newCarrier }) => {
  const { keyId, secret } = newCarrier();
  const account = { name: "阿里云", provider: "aliyun", keyId, secret } as const;
  const { id: accountId } = await owner.api.sms.createAccount(account);
  const { id: spare } = await owner.api.sms.createAccount({ ...account, ...keysOf(newCarrier()), name: "备用" });
  const bindings = [{ accountId, signature: "灯笼茶", code: "SMS_1" }];
  const template = { name: "取茶", category: "notice", text: "取茶号{{ number }}", bindings } as const;
  const { id: templateId } = await owner.api.sms.createTemplate(template);
  const { id: another } = await owner.api.sms.createTemplate({ ...template, name: "取茶提醒" });
  await owner.api.sms.testTemplate({ templateId, phone: "13800000002", values: { number: "A6" } });
  const { db } = server.runtime.ctx(owner.tenantId);
  const early = { accountId, providerId: "1^0", delivered: true, code: "DELIVERED", receivedAt: new Date() };
  await db.insertInto("sms_receipt").values(early).execute();
  const reply = { accountId, phone: "138****0002", signature: "灯笼茶", text: "R", at: new Date(), fingerprint: "1" };
  await db.insertInto("sms_reply").values(reply).execute();
  const { url } = await owner.api.sms.getCallback({ accountId });
  return {
    listAccounts: {},
    createAccount: () => ({ ...account, ...keysOf(newCarrier()), name: "另一个" }),
    getCallback: { accountId },
    updateAccount: { accountId, weight: 3 },
    deleteAccount: { accountId: spare },
    listTemplates: {},
    createTemplate: { ...template, bindings: [] },
    updateTemplate: { templateId, name: "取茶通知" },
    deleteTemplate: { templateId: another },
    testTemplate: { templateId, phone: "13800000001", values: { number: "A7" } },
    listAttempts: {},
    listReplies: {},
    takePush: {
      tenantId: owner.tenantId,
      accountId,
      key: new URL(url).searchParams.get("key") ?? "",
      bytes: Buffer.from("[]"),
    },
  };
});

function keysOf({ keyId, secret }: { readonly keyId: string; readonly secret: string }) {
  return { keyId, secret };
}
