import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { saying } from "../../testing/lantern-tea.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { newTalk, read, textsTo } from "./testing/talks.ts";

/* What somebody decided of a conversation holds against what was on its way before, and nobody is lost by it. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const inMs = (ms: number): string => new Date(tea.server.clock.now().getTime() + ms).toISOString();
const reply = (conversationId: string, text = "有的", lastReplyId: string | null = null) =>
  tea.owner.api.messaging.reply({ conversationId, text, lastReplyId });
const state = async (conversationId: string) => (await read(tea.owner, conversationId)).state;
const wake = () => tea.server.runtime.runSchedule("connect.wake_snoozed");

test("answered and closed at once, it is closed when the answer has arrived", async () => {
  const { conversationId, lastMessageId, puppet } = await newTalk(tea);
  await reply(conversationId);
  await tea.owner.api.messaging.closeConversation({ conversationId, lastMessageId });
  await tea.settle();
  expect(textsTo(tea, puppet.id)).toEqual(["有的"]);
  expect(await state(conversationId)).toBe("closed");
  // An answer after it was closed says that it goes on.
  const { lastReplyId } = await read(tea.owner, conversationId);
  await reply(conversationId, "还有桂花糕", lastReplyId);
  await tea.settle();
  expect(await state(conversationId)).toBe("answered");
});

test("answered and snoozed at once, it is snoozed when the answer has arrived, and waits again at its time", async () => {
  const { conversationId, lastMessageId } = await newTalk(tea);
  await reply(conversationId, "我去仓库看看");
  const until = inMs(hourMs);
  await tea.owner.api.messaging.snoozeConversation({ conversationId, lastMessageId, until });
  await tea.settle();
  expect(await state(conversationId)).toBe("snoozed");
  tea.server.clock.advance(hourMs);
  await wake();
  expect(await read(tea.owner, conversationId)).toMatchObject({ state: "waiting", waitingSince: until });
  // They have been answered: it isn't said that nobody could, neither now nor when the time is up.
  await tea.owner.api.settings.change({ key: "messaging.busyWhen", value: "off_duty_or_late", version: 0 });
  tea.server.clock.advance(hourMs);
  await tea.server.runtime.runSchedule("messaging.tell_late");
  tea.server.clock.advance(48 * hourMs);
  expect(await state(conversationId)).toBe("answered");
  await tea.server.runtime.runSchedule("connect.note_missed");
  expect(await state(conversationId)).toBe("answered");
});

test("what a rule had still to say changes nothing of what somebody has decided since", async () => {
  await tea.owner.api.messaging.createRule({
    name: "会员",
    on: "keyword",
    keywords: ["会员"],
    replies: [...saying("会员日"), ...saying("每月八号")],
  });
  const { conversationId, puppet } = await newTalk(tea);
  await tea.emulator.world.say(puppet.id, { text: "会员" });
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/message/custom/send", errcode: 45011 });
  await tea.settle();
  const { lastMessageId } = await read(tea.owner, conversationId);
  await tea.owner.api.messaging.closeConversation({ conversationId, lastMessageId });
  tea.server.clock.advance(10 * minuteMs);
  await tea.settle();
  expect(textsTo(tea, puppet.id)).toEqual(["每月八号"]);
  expect(await state(conversationId)).toBe("closed");
});

test("nobody is put off beyond the time in which WeChat takes an answer", async () => {
  const { conversationId, lastMessageId, puppet } = await newTalk(tea);
  const snooze = (until: string) =>
    tea.owner.api.messaging.snoozeConversation({ conversationId, lastMessageId, until });
  expect(await refusal(snooze(inMs(48 * hourMs)))).toMatchObject({
    code: "messaging.snooze_too_long",
    status: 422,
    errors: [{ field: "until" }],
  });
  const { answerableUntil, snoozableUntil } = await read(tea.owner, conversationId);
  expect(Date.parse(answerableUntil) - Date.parse(snoozableUntil ?? "")).toBe(30 * minuteMs);
  expect(await snooze(snoozableUntil ?? "")).toMatchObject({ state: "snoozed" });
  // However it came to be put off for longer, it wakes while they can be answered.
  const client = new pg.Client({ connectionString: tea.server.databaseUrl });
  await client.connect();
  await client.query("UPDATE connect_conversation SET snoozed_until = snoozed_until + interval '9 days'");
  await client.end();
  tea.server.clock.advance(47.6 * hourMs);
  await wake();
  expect(await read(tea.owner, conversationId)).toMatchObject({ state: "waiting", refusal: null });
  // Whom nobody can answer any more isn't put off: what is said then is why.
  tea.server.clock.advance(hourMs);
  expect(await read(tea.owner, conversationId)).toMatchObject({ snoozableUntil: null });
  expect(await refusal(snooze(inMs(minuteMs)))).toMatchObject({ code: "messaging.reply_window_over" });
  await tea.emulator.world.say(puppet.id, { text: "算了" });
});
