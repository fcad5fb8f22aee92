import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { Router } from "./router.ts";
import { SmsTemplates } from "./templates.ts";
import { openSmsShop, type SmsShop } from "./testing/sms-shop.ts";

/* By whose account a text goes, and what happens where that one refuses or hangs. */
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
const carried = () => network().texts.map(({ carrier, text }) => `${carrier} ${text}`);

test("goes by the weights as they are now", async () => {
  const { accounts, templateId } = await opened({ tencent: 3, aliyun: 1 });
  for (let turn = 0; turn < 8; turn += 1) await send(templateId);
  const of = (carrier: string) => network().texts.filter((text) => text.carrier === carrier).length;
  expect([of("tencent"), of("aliyun")]).toEqual([6, 2]);
  await api().updateAccount({ accountId: accounts.tencent, weight: 0 });
  shop.server.clock.advance(61_000);
  for (let turn = 0; turn < 4; turn += 1) await send(templateId);
  expect([of("tencent"), of("aliyun")]).toEqual([6, 6]);
});

describe("the first account is down", () => {
  const toNext = [
    ["refuses for want of money", { code: "FailedOperation.InsufficientBalanceInSmsPackage" }, "refused", "broken"],
    ["refuses the wording", { code: "FailedOperation.TemplateIncorrectOrUnapproved" }, "refused", "well"],
    ["is busy", { status: 503 }, "refused", "well"],
  ] as const;
  test.each(toNext)("it %s: the next one sends it", async (_, fault, state, stands) => {
    const { accounts, templateId } = await opened({ tencent: 100, aliyun: 0 });
    network().addFault({ carrier: "tencent", count: 1, ...fault });
    const { attemptId } = await send(templateId);
    expect(carried()).toEqual(["aliyun 【灯笼茶】取茶号A7"]);
    const [second, first] = await attempts();
    expect(first).toMatchObject({ state, number: 1, account: { id: accounts.tencent } });
    expect(second).toMatchObject({ id: attemptId, number: 2, account: { id: accounts.aliyun } });
    const { items } = await api().listAccounts({});
    expect(items.find(({ id }) => id === accounts.tencent)).toMatchObject({ state: stands });
  });

  test("it fails three times in a row: it is left out for a while, then one call tries it", async () => {
    const { accounts, templateId } = await opened({ tencent: 100, aliyun: 0 });
    network().addFault({ carrier: "tencent", count: 3, status: 503 });
    for (let turn = 0; turn < 3; turn += 1) await send(templateId);
    const stands = async () => (await api().listAccounts({})).items.find(({ id }) => id === accounts.tencent);
    expect(await stands()).toMatchObject({
      state: "broken",
      reason: { en: expect.stringContaining("busy") as string },
    });
    await send(templateId);
    expect(network().texts.map(({ carrier }) => carrier)).toEqual(Array(4).fill("aliyun"));
    // After the break one call tries it, and it works again.
    shop.server.clock.advance(31_000);
    await send(templateId);
    expect(network().texts.at(-1)?.carrier).toBe("tencent");
    expect(await stands()).toMatchObject({ state: "well", reason: null });
  });

  const ends = [
    ["answers 502", { status: 502 }, 0],
    ["takes it and cuts the connection", { drop: "after" }, 1],
    ["cuts the connection before", { drop: "before" }, 0],
  ] as const;
  test.each(ends)("it %s: nobody sends it a second time", async (_, fault, arrived) => {
    const { templateId } = await opened({ tencent: 100, aliyun: 0 });
    network().addFault({ carrier: "tencent", count: 1, ...fault });
    expect(await refusal(send(templateId))).toMatchObject({ code: "sms.maybe_sent" });
    expect(network().texts).toHaveLength(arrived);
    expect(await attempts()).toMatchObject([{ state: "unknown", number: 1 }]);
  });

  test("it refuses the number, or says that it had too many: nobody gets round that", async () => {
    const { templateId } = await opened({ tencent: 100, aliyun: 0 });
    for (const code of ["FailedOperation.PhoneNumberInBlacklist", "LimitExceeded.PhoneNumberDailyLimit"]) {
      network().addFault({ carrier: "tencent", count: 1, code });
      expect(await refusal(send(templateId))).toMatchObject({ code: "sms.not_sent" });
    }
    expect(network().texts).toEqual([]);
    expect((await attempts()).map(({ state, number: at }) => ({ state, at }))).toEqual(
      Array(2).fill({ state: "refused", at: 1 }),
    );
  });

  test("it refuses what was put in: that text ends, and the template goes on", async () => {
    const { templateId } = await opened({ tencent: 100, aliyun: 0 });
    network().addFault({ carrier: "tencent", count: 1, code: "FailedOperation.ContainSensitiveWord" });
    expect(await refusal(send(templateId))).toMatchObject({ code: "sms.not_sent" });
    expect(network().texts).toEqual([]);
    await send(templateId);
    expect(network().texts.map(({ carrier }) => carrier)).toEqual(["tencent"]);
  });

  test("a second try of the same, at once or later, sends nothing that the first one ended or has in hand", async () => {
    const { templateId } = await opened({ tencent: 100, aliyun: 0 });
    const router = shop.server.app.get(Router);
    const ctx = shop.server.runtime.ctx(shop.owner.tenantId);
    const template = await shop.server.app.get(SmsTemplates).row(ctx, templateId);
    const order = (messageId: string) => ({ messageId, template, phone: "13800000001", values: { number: "A7" } });
    const [refused, hanging] = [randomUUID(), randomUUID()];
    network().addFault({ carrier: "tencent", count: 1, code: "LimitExceeded.PhoneNumberDailyLimit" });
    expect(await router.send(ctx, order(refused))).toMatchObject({ kind: "refused" });
    expect(await router.send(ctx, order(refused))).toMatchObject({ kind: "refused" });
    network().addFault({ carrier: "tencent", count: 1, delayMs: 300 });
    const both = await Promise.all([
      router.send(ctx, order(hanging)),
      pause(100).then(() => router.send(ctx, order(hanging))),
    ]);
    expect(both.map(({ kind }) => kind)).toEqual(["accepted", "later"]);
    expect(network().texts).toHaveLength(1);
  });

  test("it refuses the wording: the template isn't tried there again until it is saved anew", async () => {
    const { accounts, templateId } = await opened({ tencent: 100, aliyun: 0 });
    network().addFault({ carrier: "tencent", count: 1, code: "FailedOperation.SignatureIncorrectOrUnapproved" });
    await send(templateId);
    await send(templateId);
    expect(network().texts.map(({ carrier }) => carrier)).toEqual(["aliyun", "aliyun"]);
    const [template] = (await api().listTemplates({})).items;
    expect(template?.bindings.find(({ accountId }) => accountId === accounts.tencent)?.refused).not.toBeNull();
    const bindings = template!.bindings.map(({ accountId, signature, code }) => ({ accountId, signature, code }));
    await api().updateTemplate({ templateId, bindings });
    await send(templateId);
    expect(network().texts.at(-1)?.carrier).toBe("tencent");
  });
});
