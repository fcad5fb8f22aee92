import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { given, openSmsShop, type SmsShop, texts } from "./testing/sms-shop.ts";
import { Texts } from "./texts.ts";

/* Text messages: accounts, templates, and verification codes by them. */
let shop: SmsShop;
beforeEach(async () => {
  shop = await openSmsShop(inject("clusterUrl"));
});
afterEach(() => shop.close());

const api = () => shop.owner.api.sms;
const network = () => shop.network();
const opened: SmsShop["opened"] = (...given) => shop.opened(...given);
const send = (templateId: string) => shop.send(templateId);
const attempts = () => shop.attempts();

describe("accounts", () => {
  test("are taken when their carrier accepts the key; the secret is never shown", async () => {
    network().open(given.aliyun);
    const wrong = { name: "阿里云", provider: "aliyun", keyId: "LTAIlantern", secret: "wrong" } as const;
    expect(await refusal(api().createAccount(wrong))).toMatchObject({
      code: "sms.account_refused",
      errors: [{ field: "secret" }],
    });
    const made = await api().createAccount({ ...wrong, secret: "lantern-secret" });
    expect(made).toMatchObject({ state: "well", weight: 1, enabled: true, sent: 0 });
    expect(JSON.stringify(await api().listAccounts({}))).not.toContain("lantern-secret");
    expect(await refusal(api().updateAccount({ accountId: made.id, secret: "another" }))).toMatchObject({
      code: "sms.account_refused",
    });
    const emay = { name: "亿美", provider: "emay", keyId: "EUCP-LANTERN", secret: "short" } as const;
    expect(await refusal(api().createAccount(emay))).toMatchObject({ code: "sms.secret_shape" });
  });

  test("are there once: two of one would take each other's receipts", async () => {
    network().open(given.aliyun);
    const account = { name: "阿里云", provider: "aliyun", keyId: "LTAIlantern", secret: "lantern-secret" } as const;
    const made = await Promise.allSettled(Array.from({ length: 8 }, () => api().createAccount(account)));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await refusal(api().createAccount(account))).toMatchObject({ code: "sms.account_taken" });
  });

  test("tell where receipts go to nobody but those who may change them", async () => {
    const { accounts } = await opened({ aliyun: 1 });
    const reader = await shop.server.asHolderOf(["sms:read"], shop.owner);
    expect(JSON.stringify(await reader.api.sms.listAccounts({}))).not.toContain("callback");
    expect(await refusal(reader.api.sms.getCallback({ accountId: accounts.aliyun }))).toMatchObject({
      code: "kit.forbidden",
    });
  });

  test("of another tenant are none: neither changed, nor bound, nor pushed to", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    const other = await shop.server.asOwner();
    const missing = { code: "kit.not_found" };
    expect(await refusal(other.api.sms.updateAccount({ accountId: accounts.aliyun, weight: 9 }))).toMatchObject(
      missing,
    );
    expect(await refusal(other.api.sms.deleteTemplate({ templateId }))).toMatchObject(missing);
    const bindings = [{ accountId: accounts.aliyun, signature: "灯笼茶", code: "SMS_1112" }];
    const theirs = { name: "x", category: "notice", text: texts.notice, bindings } as const;
    expect(await refusal(other.api.sms.createTemplate(theirs))).toMatchObject({
      ...missing,
      errors: [{ field: "bindings.0.accountId" }],
    });
  });
});

describe("templates", () => {
  test.each([
    ["{{ code }} 和 {{ name }}", "code", "sms.bad_code_place"],
    ["没有验证码", "code", "sms.code_place_missing"],
    ["{{ 中文 }}", "notice", "sms.bad_place"],
    ["{{ code", "notice", "sms.foreign_place"],
    ["取茶号{1}", "notice", "sms.foreign_place"],
    ["取茶号${number}", "notice", "sms.foreign_place"],
    ["【灯笼茶】取茶号{{ number }}", "notice", "sms.foreign_place"],
  ] as const)("%s is refused at its field", async (text, category, expected) => {
    const refused = await refusal(api().createTemplate({ name: "x", category, text }));
    expect(refused).toMatchObject({ code: expected, errors: [{ field: "text" }] });
  });

  test("name the code that a carrier approved, where it goes by codes", async () => {
    const { accounts } = await opened({ aliyun: 1, emay: 1 });
    const made = (accountId: string) =>
      api().createTemplate({
        name: "x",
        category: "notice",
        text: "谢谢",
        bindings: [{ accountId, signature: "灯笼茶" }],
      });
    const refused = await refusal(made(accounts.aliyun));
    expect(refused).toMatchObject({ code: "sms.code_missing", errors: [{ field: "bindings.0.code" }] });
    expect(await made(accounts.emay)).toMatchObject({ blocked: null });
  });

  test("have an account once, and names of their own for values", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    const binding = { accountId: accounts.aliyun, signature: "灯笼茶", code: "SMS_1112" };
    const bindings = [binding, { ...binding, signature: "灯笼" }];
    const twice = { name: "x", category: "notice" as const, text: "谢谢", bindings };
    expect(await refusal(api().createTemplate(twice))).toMatchObject({ errors: [{ field: "bindings.1.accountId" }] });
    await api().updateTemplate({ templateId, text: "取茶号{{ toString }}" });
    const test = api().testTemplate({ templateId, phone: "13800000001", values: {} });
    expect(await refusal(test)).toMatchObject({ code: "sms.value_missing" });
  });

  test("of codes keep their code, whoever changes what at once", async () => {
    for (let round = 0; round < 20; round += 1) {
      const { id: templateId } = await api().createTemplate({ name: "x", category: "notice", text: "{{ code }}" });
      await Promise.allSettled([
        api().updateTemplate({ templateId, category: "code" }),
        api().updateTemplate({ templateId, text: "取茶号{{ number }}" }),
      ]);
      const { items } = await api().listTemplates({ limit: 1 });
      expect(items[0]?.category === "notice" || items[0]?.text.includes("{{ code }}")).toBe(true);
    }
  });

  test("say why they can't be sent", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    expect((await api().listTemplates({})).items).toMatchObject([{ blocked: null, accounts: [{ name: "aliyun" }] }]);
    await api().updateAccount({ accountId: accounts.aliyun, enabled: false });
    expect((await api().listTemplates({})).items).toMatchObject([
      { blocked: { en: expect.stringContaining("off") as string } },
    ]);
    expect(await refusal(send(templateId))).toMatchObject({ code: "sms.not_sendable" });
  });
});

describe("verification codes", () => {
  const ask = (address: string) =>
    shop.owner.api.codes.ask({ channel: "phone", address, purpose: "order", language: "zh" });

  test("go by the template of codes, and stand nowhere but on the phone", async () => {
    await opened({ tencent: 1 }, "code");
    await ask("13800000001");
    await shop.server.runUntilIdle();
    const [text] = network().texts;
    expect(text?.text).toMatch(/^【灯笼茶】验证码\d{6}，\d+分钟内有效。$/);
    const code = /\d{6}/.exec(text?.text ?? "")?.[0] ?? "";
    await shop.owner.api.codes.verify({ channel: "phone", address: "13800000001", purpose: "order", code });
    expect(await attempts()).toMatchObject([{ category: "code", phone: "138****0001" }]);
    expect(JSON.stringify(await attempts())).not.toContain(code);
  });

  test("can't be asked for where nobody can bring them", async () => {
    expect(await refusal(ask("13800000001"))).toMatchObject({ code: "codes.channel_off" });
  });

  test("whose outcome nobody knows are sent by nobody else, and not again", async () => {
    await opened({ tencent: 100, aliyun: 0 }, "code");
    network().addFault({ carrier: "tencent", count: 1, drop: "after" });
    await ask("13800000001");
    await shop.server.runUntilIdle();
    shop.server.clock.advance(120_000);
    await shop.server.runUntilIdle();
    expect(network().texts).toHaveLength(1);
    expect(await attempts()).toMatchObject([{ state: "unknown" }]);
  });

  test("a process that died while it handed one over leaves it to nobody", async () => {
    const { accounts, templateId } = await opened({ tencent: 1 }, "code");
    const { runtime } = shop.server;
    const messageId = randomUUID();
    const dead = {
      messageId,
      number: 1,
      category: "code",
      templateId,
      accountId: accounts.tencent,
      phone: "138****0001",
      zh: "",
      en: "",
    } as const;
    await runtime.ctx(shop.owner.tenantId).db.insertInto("sms_attempt").values(dead).execute();
    const sender = shop.server.app.get(Texts);
    const order = {
      id: messageId,
      address: "13800000001",
      subject: "",
      text: "",
      values: { code: "246813", minutes: "5", business: "灯笼茶" },
    };
    const ctx = runtime.ctx(shop.owner.tenantId);
    // As long as somebody may be at it, nobody else is.
    expect(await sender.send(ctx, order)).toMatchObject({ kind: "later" });
    expect(await attempts()).toMatchObject([{ state: "submitting" }]);
    shop.server.clock.advance(60_000);
    // Also if no account could send it any more.
    await api().updateAccount({ accountId: accounts.tencent, enabled: false });
    expect(await sender.send(ctx, order)).toMatchObject({ kind: "refused" });
    expect(network().texts).toEqual([]);
    expect(await attempts()).toMatchObject([{ state: "unknown" }]);
  });
});
