import { randomUUID } from "node:crypto";
import { startEmulator, type Emulator } from "@zhanggui/emulator/emulator";
import type { NewCarrierAccount } from "@zhanggui/emulator/sms/model";
import { TurnableClock } from "@zhanggui/kit/server/clock";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { type Member, openTestServer, type TestServer } from "../../testing/test-server.ts";
import { SmoothWeighted } from "./internal/weighted.ts";
import { TokenBucket } from "./internal/token-bucket.ts";
import { Texts } from "./texts.ts";

/* Text messages: by whose account, what where it refuses or hangs, and what the receipts say. */
let emulator: Emulator;
let server: TestServer;
let owner: Member;
beforeEach(async () => {
  const clock = new TurnableClock();
  emulator = await startEmulator({ clock });
  server = await openTestServer(inject("clusterUrl"), { clock, env: { SMS_API_URL: emulator.url } });
  owner = await server.asOwner();
});
afterEach(async () => {
  await server.close();
  await emulator.stop();
});

const api = () => owner.api.sms;
const network = () => emulator.world.state.carriers;
const given = {
  tencent: {
    carrier: "tencent",
    keyId: "AKIDlantern",
    secret: "lantern-secret",
    sdkAppId: "1400006666",
    signatures: ["灯笼茶"],
    templates: [
      { id: "1110", text: "验证码{1}，{2}分钟内有效。" },
      { id: "1112", text: "取茶号{1}" },
    ],
  },
  aliyun: {
    carrier: "aliyun",
    keyId: "LTAIlantern",
    secret: "lantern-secret",
    signatures: ["灯笼茶"],
    templates: [
      { id: "SMS_1110", text: "验证码${code}，${minutes}分钟内有效。" },
      { id: "SMS_1112", text: "取茶号${number}" },
    ],
  },
  emay: { carrier: "emay", keyId: "EUCP-LANTERN", secret: "0123456789abcdef", signatures: ["灯笼茶"] },
} satisfies Record<string, NewCarrierAccount>;
type Name = keyof typeof given;
const codes: Record<Name, Record<"code" | "notice", string>> = {
  tencent: { code: "1110", notice: "1112" },
  aliyun: { code: "SMS_1110", notice: "SMS_1112" },
  emay: { code: "", notice: "" },
};
const texts = { code: "验证码{{ code }}，{{ minutes }}分钟内有效。", notice: "取茶号{{ number }}" };

/** Accounts at carriers, and a template that all of them have approved. */
async function opened(names: Partial<Record<Name, number>>, category: "code" | "notice" = "notice") {
  const accounts = {} as Record<Name, string>;
  for (const [name, weight] of Object.entries(names) as [Name, number][]) {
    if (network().byKey(name, given[name].keyId) === undefined) network().open(given[name]);
    const { keyId, secret } = given[name];
    const sdkAppId = name === "tencent" ? { sdkAppId: "1400006666" } : {};
    const made = await api().createAccount({ name, provider: name, keyId, secret, weight, ...sdkAppId });
    accounts[name] = made.id;
  }
  const bindings = (Object.keys(names) as Name[]).map((name) => {
    return { accountId: accounts[name], signature: "灯笼茶", code: codes[name][category] };
  });
  const { id } = await api().createTemplate({ name: category, category, text: texts[category], bindings });
  return { accounts, templateId: id };
}
let number = 0;
const phone = () => `138${String(10_000_000 + (number += 1))}`;
const send = (templateId: string, to = phone()) =>
  api().testTemplate({ templateId, phone: to, values: { number: "A7" } });
const attempts = async () => (await api().listAttempts({ limit: 200 })).items;
const carried = () => network().texts.map(({ carrier, text }) => `${carrier} ${text}`);

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
  });

  test("of another tenant are none: neither changed, nor bound, nor pushed to", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    const other = await server.asOwner();
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
    ["{{ code }} 和 {{ name }}", "code"],
    ["没有验证码", "code"],
    ["{{ 中文 }}", "notice"],
    ["{{ code", "notice"],
  ] as const)("%s is refused at its field", async (text, category) => {
    const refused = await refusal(api().createTemplate({ name: "x", category, text }));
    expect(refused).toMatchObject({ code: "sms.bad_places", errors: [{ field: "text" }] });
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

describe("whose turn it is", () => {
  test("5, 1 and 1 over 7,000 is exactly 5,000, 1,000 and 1,000, and no more than four in a row", () => {
    const turns = new SmoothWeighted();
    const items = [
      { id: "a", weight: 5 },
      { id: "b", weight: 1 },
      { id: "c", weight: 1 },
    ];
    const taken = Array.from({ length: 7000 }, () => turns.order(items)[0]?.id ?? "").join("");
    expect(taken.slice(0, 7)).toBe("aabacaa");
    expect(Object.fromEntries(["a", "b", "c"].map((id) => [id, taken.split(id).length - 1]))).toEqual({
      a: 5000,
      b: 1000,
      c: 1000,
    });
    expect(Math.max(...(taken.match(/a+/g) ?? []).map(({ length }) => length))).toBe(4);
  });

  test("who comes back has saved up no turns; a spare comes last", () => {
    const turns = new SmoothWeighted();
    const [a, b, spare] = [
      { id: "a", weight: 1 },
      { id: "b", weight: 1 },
      { id: "s", weight: 0 },
    ];
    for (let turn = 0; turn < 100; turn += 1) expect(turns.order([a!, spare!])[0]?.id).toBe("a");
    const next = Array.from({ length: 10 }, () => turns.order([a!, b!, spare!]).map(({ id }) => id));
    expect(next.map(([first]) => first).filter((id) => id === "b")).toHaveLength(5);
    expect(next.every((ids) => ids.at(-1) === "s")).toBe(true);
    expect(turns.order([spare!]).map(({ id }) => id)).toEqual(["s"]);
  });

  test("a bucket lets so many through a second", () => {
    const bucket = new TokenBucket(3, 0);
    const passed = (atMs: number) => Array.from({ length: 5 }, () => bucket.take(atMs)).filter(Boolean).length;
    expect([passed(0), passed(0), passed(1000), passed(1334), passed(900), passed(60_000)]).toEqual([3, 0, 3, 1, 0, 3]);
  });

  test("goes by the weights as they are now", async () => {
    const { accounts, templateId } = await opened({ tencent: 3, aliyun: 1 });
    for (let turn = 0; turn < 8; turn += 1) await send(templateId);
    const of = (carrier: string) => network().texts.filter((text) => text.carrier === carrier).length;
    expect([of("tencent"), of("aliyun")]).toEqual([6, 2]);
    await api().updateAccount({ accountId: accounts.tencent, weight: 0 });
    server.clock.advance(61_000);
    for (let turn = 0; turn < 4; turn += 1) await send(templateId);
    expect([of("tencent"), of("aliyun")]).toEqual([6, 6]);
  });
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
    server.clock.advance(31_000);
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
    expect(await refusal(send(templateId))).toMatchObject({ code: "sms.not_sent" });
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

describe("receipts", () => {
  const push = async (accountId: string, body: unknown, key?: string) => {
    const { items } = await api().listAccounts({});
    const url = new URL(items.find(({ id }) => id === accountId)?.callbackUrl ?? "");
    const path = key === undefined ? url.pathname : url.pathname.replace(/[^/]+$/, key);
    const answer = await fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.text() };
  };
  const receipt = (id: string, changes: object = {}) => ({
    phone_number: "13800000001",
    send_time: "2026-11-30 08:00:00",
    report_time: "2026-11-30 08:00:03",
    success: true,
    err_code: "DELIVERED",
    err_msg: "",
    sms_size: "1",
    biz_id: id,
    out_id: "",
    ...changes,
  });

  test("are pushed by the carrier, and end the text; twice is once, and a late failure undoes no delivery", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    Object.assign(network().byKey("aliyun", "LTAIlantern") ?? {}, { receipts: "manual" });
    await send(templateId);
    const [text] = network().texts;
    expect(await attempts()).toMatchObject([{ state: "accepted", segments: null, code: null }]);
    const bad = receipt(text!.id, { success: false, err_code: "UNDELIV" });
    expect(await push(accounts.aliyun, [bad])).toEqual({ status: 200, body: '{"code":0,"msg":"成功"}' });
    expect(await attempts()).toMatchObject([{ state: "undelivered", code: "UNDELIV" }]);
    for (const each of [receipt(text!.id), receipt(text!.id), bad]) await push(accounts.aliyun, [each]);
    expect(await attempts()).toMatchObject([{ state: "delivered", code: "DELIVERED" }]);
    expect((await api().listAccounts({})).items).toMatchObject([{ sent: 1, delivered: 1 }]);
  });

  test("may come before the answer that names their text", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    Object.assign(network().byKey("aliyun", "LTAIlantern") ?? {}, { receipts: "manual" });
    const next = `${900_619_700_000_000 + (emulator.world.state.counters.get("carried") ?? 0) + 1}^0`;
    await push(accounts.aliyun, [receipt(next)]);
    expect(await attempts()).toEqual([]);
    await send(templateId);
    expect(network().texts[0]?.id).toBe(next);
    expect(await attempts()).toMatchObject([{ state: "delivered" }]);
  });

  test("end what nobody could tell, where they name our reference", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1 });
    Object.assign(network().byKey("aliyun", "LTAIlantern") ?? {}, { receipts: "manual" });
    network().addFault({ carrier: "aliyun", count: 1, drop: "after" });
    await refusal(send(templateId));
    const [text] = network().texts;
    await push(accounts.aliyun, [receipt(text!.id, { out_id: text!.reference })]);
    expect(await attempts()).toMatchObject([{ state: "delivered" }]);
  });

  test("that nobody pushes are fetched each minute; what never comes is said after three days", async () => {
    const { templateId } = await opened({ tencent: 1 });
    await send(templateId);
    await server.runtime.runSchedule("sms.pull_receipts");
    expect(await attempts()).toMatchObject([{ state: "delivered", code: "DELIVRD", segments: 1 }]);
    Object.assign(network().byKey("tencent", "AKIDlantern") ?? {}, { receipts: "manual" });
    await send(templateId);
    server.clock.advance(73 * 3_600_000);
    await server.runtime.runSchedule("sms.pull_receipts");
    expect((await attempts())[0]).toMatchObject({ state: "no_receipt" });
    const [, late] = network().texts;
    network().report(late!, "DELIVRD");
    await send(templateId);
    await server.runtime.runSchedule("sms.pull_receipts");
    expect((await attempts()).map(({ state }) => state)).toEqual(["accepted", "delivered", "delivered"]);
  });

  test("by whoever doesn't know the address, of another account or of nonsense change nothing", async () => {
    const { accounts, templateId } = await opened({ aliyun: 1, tencent: 1 });
    for (const name of ["aliyun", "tencent"] as const)
      Object.assign(network().byKey(name, given[name].keyId) ?? {}, { receipts: "manual" });
    await send(templateId);
    await send(templateId);
    const text = network().texts.find(({ carrier }) => carrier === "aliyun");
    const forged = [receipt(text!.id, { out_id: text!.reference })];
    expect(await push(accounts.aliyun, forged, "guessed")).toMatchObject({ status: 404 });
    // Tencent's address takes nothing of Aliyun's.
    expect(await push(accounts.tencent, forged)).toMatchObject({ status: 400 });
    const sid = { mobile: "13800000001", report_status: "SUCCESS", sid: text!.id };
    expect(await push(accounts.tencent, [sid])).toMatchObject({ status: 200 });
    for (const body of ["", {}, "<xml/>", [1]])
      expect(await push(accounts.aliyun, body)).toMatchObject({ status: 400 });
    expect((await attempts()).map(({ state }) => state)).toEqual(["accepted", "accepted"]);
  });

  test("what people answer is kept once, with their number hidden", async () => {
    const { accounts } = await opened({ tencent: 1 });
    const reply = {
      extend: "",
      mobile: "13800001234",
      nationcode: "86",
      sign: "灯笼茶",
      text: "R",
      time: 1_764_500_000,
    };
    for (let time = 0; time < 3; time += 1) expect(await push(accounts.tencent, reply)).toMatchObject({ status: 200 });
    expect((await api().listReplies({})).items).toMatchObject([
      { text: "R", signature: "灯笼茶", phone: "138****1234" },
    ]);
  });
});

describe("verification codes", () => {
  const ask = (address: string) => owner.api.codes.ask({ channel: "phone", address, purpose: "order", language: "zh" });

  test("go by the template of codes, and stand nowhere but on the phone", async () => {
    await opened({ tencent: 1 }, "code");
    await ask("13800000001");
    await server.runUntilIdle();
    const [text] = network().texts;
    expect(text?.text).toMatch(/^【灯笼茶】验证码\d{6}，\d+分钟内有效。$/);
    const code = /\d{6}/.exec(text?.text ?? "")?.[0] ?? "";
    await owner.api.codes.verify({ channel: "phone", address: "13800000001", purpose: "order", code });
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
    await server.runUntilIdle();
    server.clock.advance(120_000);
    await server.runUntilIdle();
    expect(network().texts).toHaveLength(1);
    expect(await attempts()).toMatchObject([{ state: "unknown" }]);
  });

  test("a process that died while it handed one over leaves it to nobody", async () => {
    const { accounts, templateId } = await opened({ tencent: 1 }, "code");
    const { runtime } = server;
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
    await runtime.ctx(owner.tenantId).db.insertInto("sms_attempt").values(dead).execute();
    const sender = server.app.get(Texts);
    const order = {
      id: messageId,
      address: "13800000001",
      subject: "",
      text: "",
      values: { code: "246813", minutes: "5", business: "灯笼茶" },
    };
    const ctx = runtime.ctx(owner.tenantId);
    expect(await sender.send(ctx, order)).toMatchObject({ kind: "refused" });
    expect(network().texts).toEqual([]);
    expect(await attempts()).toMatchObject([{ state: "unknown" }]);
  });
});
