import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openSmsShop, type SmsShop } from "./testing/sms-shop.ts";

/* What networks say of texts, and what people answer: pushed or fetched, twice, late, forged. */
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

const push = async (accountId: string, body: unknown, key?: string) => {
  const url = new URL((await api().getCallback({ accountId })).url);
  if (key !== undefined) url.searchParams.set("key", key);
  const to = `${shop.server.url}${url.pathname}${url.search}`;
  const answer = await fetch(to, { method: "POST", body: JSON.stringify(body) });
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
  shop.holdReceipts("aliyun");
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
  shop.holdReceipts("aliyun");
  const next = `${900_619_700_000_000 + (shop.emulator.world.state.counters.get("carried") ?? 0) + 1}^0`;
  await push(accounts.aliyun, [receipt(next)]);
  expect(await attempts()).toEqual([]);
  await send(templateId);
  expect(network().texts[0]?.id).toBe(next);
  expect(await attempts()).toMatchObject([{ state: "delivered" }]);
});

test("end what nobody could tell, where they name our reference", async () => {
  const { accounts, templateId } = await opened({ aliyun: 1 });
  shop.holdReceipts("aliyun");
  network().addFault({ carrier: "aliyun", count: 1, drop: "after" });
  await refusal(send(templateId));
  const [text] = network().texts;
  await push(accounts.aliyun, [receipt(text!.id, { out_id: text!.reference })]);
  expect(await attempts()).toMatchObject([{ state: "delivered" }]);
});

test("that nobody pushes are fetched each minute; what never comes is said after three days", async () => {
  const { templateId } = await opened({ tencent: 1 });
  await send(templateId);
  await shop.server.runtime.runSchedule("sms.pull_receipts");
  expect(await attempts()).toMatchObject([{ state: "delivered", code: "DELIVRD", segments: 1 }]);
  shop.holdReceipts("tencent");
  await send(templateId);
  shop.server.clock.advance(73 * 3_600_000);
  await shop.server.runtime.runSchedule("sms.pull_receipts");
  expect((await attempts())[0]).toMatchObject({ state: "no_receipt" });
  const [, late] = network().texts;
  network().report(late!, "DELIVRD");
  await send(templateId);
  await shop.server.runtime.runSchedule("sms.pull_receipts");
  expect((await attempts()).map(({ state }) => state)).toEqual(["accepted", "delivered", "delivered"]);
});

test("by whoever doesn't know the address, of another account or of nonsense change nothing", async () => {
  const { accounts, templateId } = await opened({ aliyun: 1, tencent: 1 });
  for (const name of ["aliyun", "tencent"] as const) shop.holdReceipts(name);
  await send(templateId);
  await send(templateId);
  const text = network().texts.find(({ carrier }) => carrier === "aliyun");
  const forged = [receipt(text!.id, { out_id: text!.reference })];
  expect(await push(accounts.aliyun, forged, "guessed")).toMatchObject({ status: 404 });
  // Tencent's address takes nothing of Aliyun's.
  expect(await push(accounts.tencent, forged)).toMatchObject({ status: 400 });
  const sid = { mobile: "13800000001", report_status: "SUCCESS", sid: text!.id };
  expect(await push(accounts.tencent, [sid])).toMatchObject({ status: 200 });
  for (const body of ["", {}, "<xml/>", [1]]) expect(await push(accounts.aliyun, body)).toMatchObject({ status: 400 });
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
  expect((await api().listReplies({})).items).toMatchObject([{ text: "R", signature: "灯笼茶", phone: "138****1234" }]);
});

test("are asked for where nobody can tell, and where only a push would bring them", async () => {
  const { templateId } = await opened({ aliyun: 1 });
  shop.holdReceipts("aliyun");
  network().addFault({ carrier: "aliyun", count: 1, drop: "after" });
  await refusal(send(templateId));
  network().addFault({ carrier: "aliyun", count: 1, drop: "before" });
  await refusal(send(templateId));
  await send(templateId);
  const pull = () => shop.server.runtime.runSchedule("sms.pull_receipts");
  await pull();
  expect((await attempts()).map(({ state }) => state)).toEqual(["accepted", "unknown", "unknown"]);
  shop.server.clock.advance(61_000);
  await pull();
  // It was taken; it never was; and nothing is known of the third yet.
  expect((await attempts()).map(({ state }) => state)).toEqual(["accepted", "unreached", "accepted"]);
  for (const text of network().texts) network().report(text, "DELIVRD");
  shop.server.clock.advance(601_000);
  await pull();
  expect((await attempts()).map(({ state }) => state)).toEqual(["delivered", "unreached", "delivered"]);
});

test("and answers are fetched apart, and while nothing is under way; one that is odd loses no other", async () => {
  const { accounts } = await opened({ tencent: 1 });
  const reply = { accountId: accountAt("tencent"), phone: "+8613800001234" };
  await network().answer({ ...reply, text: "a\u0000b" });
  await network().answer({ ...reply, text: "TD" });
  await shop.server.runtime.runSchedule("sms.pull_receipts");
  const { items } = await api().listReplies({});
  expect(new Set(items.map(({ text, account }) => `${text} ${account.id}`))).toEqual(
    new Set([`TD ${accounts.tencent}`, `ab ${accounts.tencent}`]),
  );
});
const accountAt = (carrier: "tencent") =>
  [...network().accounts.values()].find((each) => each.carrier === carrier)?.id ?? "";
