import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { onePixel } from "../../foundation/files/testing/pictures.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import type { Member } from "../../testing/test-server.ts";

/* Whose a conversation is to answer, and what is said while nobody can. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const minuteMs = 60_000;
const set = (key: string, value: unknown) => tea.owner.api.settings.change({ key, value, version: 0 });
const operator = () => tea.server.as("operator", tea.owner);
async function customer(text = "桂花乌龙还有吗？") {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(puppet.id);
  await tea.emulator.world.say(puppet.id, { text });
  await tea.settle();
  const { openid } = tea.emulator.world.chat(puppet.id);
  const { items } = await tea.owner.api.messaging.listConversations({ search: openid });
  return { puppet, openid, conversationId: items[0]!.id, lastMessageId: items[0]!.lastMessageId };
}
const get = (conversationId: string, who: Member = tea.owner) => who.api.messaging.getConversation({ conversationId });
const sent = (puppetId: string) =>
  tea.emulator.world
    .chat(puppetId)
    .chat.flatMap(({ via, content }) => (via === "custom" && content.kind === "text" ? [content.text] : []));

test("one takes it, hands it over with a word that only staff read, and the other is told", async () => {
  const [a, b] = [await operator(), await operator()];
  const { conversationId, lastMessageId, puppet } = await customer();
  const assign = (who: Member, input: { assigneeId: string | null; from: string | null; note?: string }) =>
    who.api.messaging.assignConversation({ conversationId, ...input });
  expect(await assign(a, { assigneeId: a.accountId, from: null })).toMatchObject({ assignee: { id: a.accountId } });
  expect(await refusal(assign(b, { assigneeId: b.accountId, from: null }))).toMatchObject({
    code: "messaging.assigned_meanwhile",
    status: 409,
  });
  const over = { assigneeId: b.accountId, from: a.accountId, note: "她对桂花过敏" };
  expect(await assign(a, over)).toMatchObject({ assignee: { id: b.accountId }, unread: 1 });
  const { items: notices } = await b.api.notifications.list({});
  expect(notices).toMatchObject([{ link: `/messages/conversations/${conversationId}` }]);
  await a.api.messaging.noteConversation({ conversationId, text: "老客户" });
  const { items } = await b.api.messaging.readThread({ conversationId });
  expect(items.flatMap(({ note }) => (note === null ? [] : [[note.kind, note.text]]))).toEqual([
    ["note", "老客户"],
    ["handed_over", "她对桂花过敏"],
    ["taken", null],
  ]);
  await b.api.messaging.readConversation({ conversationId, lastMessageId });
  expect((await get(conversationId)).unread).toBe(0);
  const mine = await b.api.messaging.listConversations({ whose: "mine" });
  expect(mine.items.map(({ id }) => id)).toEqual([conversationId]);
  await tea.settle();
  expect(sent(puppet.id)).toEqual([]);
  // Who may not answer can't have it.
  const reviewer = await tea.server.as("reviewer", tea.owner);
  const to = { assigneeId: reviewer.accountId, from: b.accountId };
  expect(await refusal(assign(b, to))).toMatchObject({ code: "messaging.cannot_answer" });
});

test("whoever answers what is nobody's goes on with it; who only reaches their own sees theirs and no other", async () => {
  const { conversationId } = await customer();
  const own = await tea.server.asHolderOf(["messaging:reply", "messaging:conversations"], tea.owner, "own");
  expect((await own.api.messaging.listConversations({})).items).toEqual([]);
  expect(await refusal(get(conversationId, own))).toMatchObject({ status: 404 });
  const a = await operator();
  await a.api.messaging.reply({ conversationId, text: "有的", lastReplyId: null });
  expect((await get(conversationId)).assigneeId).toBe(a.accountId);
  const from = a.accountId;
  await a.api.messaging.assignConversation({ conversationId, assigneeId: own.accountId, from });
  expect((await own.api.messaging.listConversations({})).items.map(({ id }) => id)).toEqual([conversationId]);
  expect((await get(conversationId, own)).id).toBe(conversationId);
});

test("by turns it goes to who has the fewest of those on duty, and not beyond the limit", async () => {
  await set("messaging.assignBy", "turns");
  await set("messaging.openLimit", 2);
  const [a, b] = [await operator(), await operator()];
  for (const { api } of [a, b]) await api.messaging.setDuty({ isOnDuty: true });
  const talks = [];
  for (let count = 0; count < 5; count++) talks.push(await customer());
  const whose = await Promise.all(talks.map(async ({ conversationId }) => (await get(conversationId)).assigneeId));
  for (const { accountId } of [a, b]) expect(whose.filter((each) => each === accountId)).toHaveLength(2);
  expect(whose[4]).toBeNull();
  // Closed, it counts no more; it stays its own's when they write again.
  const [first] = talks;
  await a.api.messaging.closeConversation(first!);
  await tea.emulator.world.say(first!.puppet.id, { text: "又来了" });
  await tea.settle();
  expect(await get(first!.conversationId)).toMatchObject({ state: "waiting", assigneeId: whose[0] });
  const { items } = await a.api.messaging.listStaff({});
  expect(items.filter(({ isOnDuty }) => isOnDuty).map(({ open }) => open)).toEqual([2, 2]);
});

test("what is snoozed waits again at its time, or when they write", async () => {
  const { conversationId, lastMessageId, puppet } = await customer();
  const until = new Date(tea.server.clock.now().getTime() + 30 * minuteMs).toISOString();
  const snooze = () => tea.owner.api.messaging.snoozeConversation({ conversationId, lastMessageId, until });
  expect(await snooze()).toMatchObject({ state: "snoozed", snoozedUntil: until, waitingSince: null });
  await tea.server.runtime.runSchedule("connect.wake_snoozed");
  expect((await get(conversationId)).state).toBe("snoozed");
  tea.server.clock.advance(30 * minuteMs);
  await tea.server.runtime.runSchedule("connect.wake_snoozed");
  expect((await get(conversationId)).state).toBe("waiting");
  expect(await refusal(snooze())).toMatchObject({ code: "kit.invalid_input" });
  const later = new Date(tea.server.clock.now().getTime() + minuteMs).toISOString();
  await tea.owner.api.messaging.snoozeConversation({ conversationId, lastMessageId, until: later });
  await tea.emulator.world.say(puppet.id, { text: "还在吗" });
  await tea.settle();
  expect(await get(conversationId)).toMatchObject({ state: "waiting", snoozedUntil: null });
  const stale = { conversationId, lastMessageId, until: "2099-01-01T00:00:00Z" };
  expect(await refusal(tea.owner.api.messaging.snoozeConversation(stale))).toMatchObject({
    code: "messaging.wrote_meanwhile",
  });
});

test("while nobody is on duty each is told once so, in the words that are set, and still waits", async () => {
  await set("messaging.busyWhen", "off_duty");
  await set("messaging.busyText", "打烊了，明早回复您。");
  const { conversationId, puppet } = await customer();
  await tea.emulator.world.say(puppet.id, { text: "在吗" });
  await tea.settle();
  expect(sent(puppet.id)).toEqual(["打烊了，明早回复您。"]);
  expect(await get(conversationId)).toMatchObject({ state: "waiting", lastReplyId: null, repliesLeft: 5 });
  const a = await operator();
  await a.api.messaging.setDuty({ isOnDuty: true });
  const other = await customer();
  expect(sent(other.puppet.id)).toEqual([]);
  // And one who waits too long, where it is set so.
  await tea.owner.api.settings.change({ key: "messaging.busyWhen", value: "off_duty_or_late", version: 1 });
  await tea.server.runtime.runSchedule("messaging.tell_late");
  tea.server.clock.advance(5 * minuteMs);
  for (let count = 0; count < 2; count++) await tea.server.runtime.runSchedule("messaging.tell_late");
  await tea.settle();
  expect(sent(other.puppet.id)).toEqual(["打烊了，明早回复您。"]);
  tea.server.clock.advance(12 * 60 * minuteMs);
  await tea.server.runtime.runSchedule("messaging.tell_late");
  await tea.settle();
  expect(sent(other.puppet.id)).toHaveLength(2);
});

test("a picture goes out, is shown, and can be sent again where WeChat refused it", async () => {
  const { conversationId, puppet } = await customer();
  const { api } = tea.owner;
  const file = await api.files.upload({ name: "茶.png", stream: onePixel, contentType: "image/png" });
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/message/custom/send", errcode: 48001 });
  const { id: first } = await api.messaging.reply({ conversationId, fileId: file.id, lastReplyId: null });
  await tea.settle();
  const retry = (deliveryId: string, lastReplyId: string) =>
    api.messaging.retryReply({ conversationId, deliveryId, lastReplyId });
  const { id: second } = await retry(first, first);
  await tea.settle();
  expect(tea.emulator.world.chat(puppet.id).chat.filter(({ via }) => via === "custom")).toMatchObject([
    { content: { kind: "picture" } },
  ]);
  expect(await refusal(retry(second, second))).toMatchObject({ code: "messaging.not_failed" });
  const shown = await api.messaging.pictureSent({ conversationId, deliveryId: second });
  expect([shown.contentType, (await new Response(shown.stream).bytes()).length > 0]).toEqual(["image/png", true]);
  const delivered = await api.messaging.deliveryPicture({ deliveryId: second });
  expect((await new Response(delivered.stream).bytes()).length).toBeGreaterThan(0);
  await tea.emulator.world.sendImage(puppet.id, {});
  await tea.settle();
  const { lastMessageId: messageId } = await get(conversationId);
  const theirs = await api.messaging.pictureSaid({ conversationId, messageId });
  expect((await new Response(theirs.stream).bytes()).length).toBeGreaterThan(100);
  const { api: another } = await operator();
  const notTheirs = another.messaging.reply({ conversationId, fileId: file.id, lastReplyId: second });
  expect(await refusal(notTheirs)).toMatchObject({ status: 404 });
});

test("canned answers are everybody's or one's own, found by a part of them, and filled in", async () => {
  const [a, b] = [await operator(), await operator()];
  const { conversationId, openid, puppet } = await customer();
  const { items: people } = await tea.owner.api.audience.listPeople({ search: openid });
  await tea.owner.api.audience.updatePerson({ personId: people[0]!.id, displayName: "小满" });
  const make = (who: Member, shortcut: string, text: string, isShared = false) =>
    who.api.messaging.createCanned({ shortcut, text, isShared });
  const shared = await make(a, "营业", "{{ person.displayName }}，我们九点开门。", true);
  const own = await make(a, "地址", "灯笼巷 8 号");
  const offered = async (who: Member, search: string) =>
    (await who.api.messaging.fillCanned({ conversationId, search })).items.map(({ text }) => text);
  expect(await offered(a, "")).toEqual(["小满，我们九点开门。", "灯笼巷 8 号"]);
  expect(await offered(b, "")).toEqual(["小满，我们九点开门。"]);
  expect(await offered(a, "灯笼")).toEqual(["灯笼巷 8 号"]);
  expect(await refusal(make(a, "营业", "x", true))).toMatchObject({ code: "messaging.shortcut_taken" });
  expect(await refusal(make(a, "错", "{{ person.nobody }}"))).toMatchObject({ code: "messaging.bad_template" });
  expect(await refusal(b.api.messaging.updateCanned({ cannedId: own.id, text: "x" }))).toMatchObject({ status: 404 });
  const [{ text } = { text: "" }] = (await a.api.messaging.fillCanned({ conversationId })).items;
  await a.api.messaging.reply({ conversationId, text, cannedId: shared.id, lastReplyId: null });
  await tea.settle();
  expect(sent(puppet.id)).toEqual(["小满，我们九点开门。"]);
  expect((await b.api.messaging.listCanned({})).items).toMatchObject([{ id: shared.id, used: 1, isShared: true }]);
  await a.api.messaging.deleteCanned({ cannedId: own.id });
  expect(await offered(a, "")).toHaveLength(1);
});

test("the phone shows that somebody is writing", async () => {
  const { conversationId, puppet } = await customer();
  expect(await tea.owner.api.messaging.showTyping({ conversationId })).toEqual({ isShown: true });
  expect(tea.emulator.world.chat(puppet.id).typingUntil).toBeGreaterThan(tea.server.clock.now().getTime());
  tea.server.clock.advance(minuteMs);
  expect(await tea.owner.api.messaging.showTyping({ conversationId })).toEqual({ isShown: false });
});
