import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import type { Member } from "../../testing/test-server.ts";

/* What customers write, and what operators answer, as far as WeChat lets them. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const hourMs = 3_600_000;
async function follower() {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(puppet.id);
  return puppet;
}
async function customer(text = "桂花乌龙还有吗？") {
  const puppet = await follower();
  await tea.emulator.world.say(puppet.id, { text });
  await tea.settle();
  const { openid } = tea.emulator.world.chat(puppet.id);
  const { items } = await tea.owner.api.messaging.listConversations({ search: openid });
  return { puppet, openid, id: items[0]!.id };
}
const conversation = (conversationId: string, who: Member = tea.owner) =>
  who.api.messaging.getConversation({ conversationId });
async function answer(conversationId: string, text: string, who: Member = tea.owner) {
  const { lastReplyId } = await conversation(conversationId, who);
  return who.api.messaging.reply({ conversationId, text, lastReplyId });
}
/** What stands in the puppet's chat, but for notes. */
const chat = (puppetId: string) =>
  tea.emulator.world
    .chat(puppetId)
    .chat.flatMap(({ from, via, content }) => (content.kind === "text" ? [`${via ?? from}: ${content.text}`] : []));

test("whoever reads the list is told when a customer writes", async () => {
  const { id: puppetId } = await follower();
  await tea.settle();
  const page = new AbortController();
  const stream = tea.owner.api.messaging.listConversations.live({}, { signal: page.signal });
  const told = stream[Symbol.asyncIterator]();
  expect(await told.next()).toMatchObject({ value: { event: "listening" } });
  await tea.emulator.world.say(puppetId, { text: "在吗？" });
  await tea.settle();
  expect(await told.next()).toMatchObject({ done: false, value: { event: "changed" } });
  page.abort();
});

test("who wrote is listed, and an operator's answer reaches their phone", async () => {
  const { puppet, id, openid } = await customer();
  const operator = await tea.server.as("operator", tea.owner);
  const { items } = await operator.api.messaging.listConversations({});
  expect(items).toMatchObject([
    { id, openid, lastText: "桂花乌龙还有吗？", lastKind: "text", state: "waiting", wechatAppName: "灯笼茶" },
  ]);
  const { lastAt, answerableUntil, waitingSince } = items[0]!;
  expect(Date.parse(answerableUntil) - Date.parse(lastAt)).toBe(48 * hourMs);
  expect(waitingSince).toBe(lastAt);
  expect(await conversation(id)).toMatchObject({ repliesLeft: 5, refusal: null, lastReplyId: null });

  const written = await answer(id, "还有的，\n给您留一份。", operator);
  expect(written.sent).toMatchObject({
    author: "operator",
    state: "ready",
    content: { text: "还有的，\n给您留一份。" },
  });
  await tea.settle();
  expect(chat(puppet.id).at(-1)).toBe("custom: 还有的，\n给您留一份。");
  expect(await conversation(id)).toMatchObject({
    state: "answered",
    waitingSince: null,
    repliesLeft: 4,
    lastReplyId: written.id,
    settledBy: "operator",
  });
  const { items: thread } = await operator.api.messaging.readThread({ conversationId: id });
  expect(thread.map(({ said, autoReply, sent }) => [said?.kind, said?.text, autoReply?.rule, sent?.state])).toEqual([
    [undefined, undefined, undefined, "delivered"],
    ["text", "桂花乌龙还有吗？", undefined, undefined],
    ["event:subscribe", null, "关注欢迎语", undefined],
  ]);
});

test("a thread comes page by page, both sides in one order, up to its beginning", async () => {
  const { puppet, id } = await customer("1");
  for (const text of ["2", "3", "4"]) {
    await tea.emulator.world.say(puppet.id, { text });
    await answer(id, `re ${text}`);
    await tea.settle();
  }
  const texts: unknown[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 9; pages++) {
    const { items, next } = await tea.owner.api.messaging.readThread({ conversationId: id, cursor, limit: 3 });
    texts.push(...items.map(({ said, sent }) => said?.text ?? sent?.content["text"] ?? said?.kind));
    if (next === null) break;
    cursor = next;
  }
  expect(texts).toEqual(["re 4", "4", "re 3", "3", "re 2", "2", "1", "event:subscribe"]);
  const forged = tea.owner.api.messaging.readThread({ conversationId: id, cursor: "x" });
  expect(await refusal(forged)).toMatchObject({ code: "kit.invalid_input", errors: [{ field: "cursor" }] });
});

test("of two who answer at once the second hears of the first, and nothing of theirs goes out", async () => {
  const { puppet, id } = await customer();
  const [qing, lan] = [await tea.server.as("operator", tea.owner), await tea.server.as("operator", tea.owner)];
  const rounds = 100;
  for (let round = 0; round < rounds; round++) {
    const { lastReplyId } = await conversation(id);
    const both = await Promise.allSettled(
      [qing, lan].map((who, index) =>
        who.api.messaging.reply({ conversationId: id, text: `${round} ${index}`, lastReplyId }),
      ),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await tea.server.runUntilIdle();
    await tea.emulator.world.say(puppet.id, { text: `${round}` });
  }
  const late = lan.api.messaging.reply({ conversationId: id, text: "晚了", lastReplyId: null });
  expect(await refusal(late)).toMatchObject({
    code: "messaging.answered_meanwhile",
    status: 409,
    details: { by: "operator" },
  });
  await tea.settle();
  expect(chat(puppet.id).filter((line) => line.startsWith("custom"))).toHaveLength(rounds);
});

test("a call that is repeated writes once", async () => {
  const { puppet, id } = await customer();
  const input = { conversationId: id, text: "一次", lastReplyId: null };
  const first = await tea.owner.api.messaging.reply(input, { idempotencyKey: "once" });
  expect(await tea.owner.api.messaging.reply(input, { idempotencyKey: "once" })).toEqual(first);
  await tea.settle();
  expect(chat(puppet.id).filter((line) => line === "custom: 一次")).toHaveLength(1);
});

test("an answer is refused, with the reason, when WeChat would take none", async () => {
  const { puppet, id, openid } = await customer();
  const code = async () => {
    const shown = (await conversation(id)).refusal?.code;
    const refused = (await refusal(answer(id, "在"))).code;
    expect(shown).toBe(refused);
    return refused;
  };
  for (let count = 0; count < 5; count++) await answer(id, `${count}`);
  expect(await code()).toBe("messaging.replies_used_up");
  await tea.settle();
  expect(chat(puppet.id).filter((line) => line.startsWith("custom"))).toEqual(
    ["0", "1", "2", "3", "4"].map((text) => `custom: ${text}`),
  );
  await tea.emulator.world.say(puppet.id, { text: "谢谢" });
  await tea.settle();
  expect((await conversation(id)).repliesLeft).toBe(5);

  await tea.owner.api.connect.updateApp({ wechatAppId: tea.bound.wechatAppId, enabled: false });
  expect(await code()).toBe("messaging.reply_app_off");
  await tea.owner.api.connect.updateApp({ wechatAppId: tea.bound.wechatAppId, enabled: true });

  tea.server.clock.advance(48 * hourMs);
  expect(await code()).toBe("messaging.reply_window_over");
  await tea.emulator.world.say(puppet.id, { text: "又来了" });
  await tea.emulator.world.unfollow(puppet.id);
  await tea.settle();
  expect(await code()).toBe("messaging.reply_not_following");
  expect(tea.emulator.world.chat(puppet.id).openid).toBe(openid);
});

test("who leaves unanswered and follows again waits again, until it is too late", async () => {
  const { puppet, id } = await customer();
  await tea.emulator.world.unfollow(puppet.id);
  await tea.settle();
  expect(await conversation(id)).toMatchObject({ state: "left" });
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  const waiting = await conversation(id);
  expect(waiting).toMatchObject({ state: "waiting", waitingSince: waiting.lastAt });
  await tea.emulator.world.unfollow(puppet.id);
  tea.server.clock.advance(49 * hourMs);
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  expect((await conversation(id)).state).toBe("missed");
});

test.each([
  ["nothing", " \n "],
  ["more bytes than WeChat takes", "茶".repeat(683)],
])("%s is refused at its field", async (_, text) => {
  const { id } = await customer();
  expect(await refusal(answer(id, text))).toMatchObject({
    code: "kit.invalid_input",
    errors: [{ field: "text" }],
  });
  await answer(id, "茶".repeat(682));
});

test("what WeChat refuses has failed, with its reason, and the customer still waits", async () => {
  const { id } = await customer();
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/message/custom/send", errcode: 48001 });
  await answer(id, "在");
  await tea.settle();
  const { items } = await tea.owner.api.messaging.readThread({ conversationId: id });
  expect(items[0]!.sent).toMatchObject({ state: "failed", reason: { zh: expect.stringContaining("48001") as string } });
  expect(await conversation(id)).toMatchObject({ state: "waiting", repliesLeft: 5 });
});

test("an answer whose fate nobody knows is unknown, isn't sent again, and the customer still waits", async () => {
  const { puppet, id, openid } = await customer();
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/message/custom/send", drop: "after" });
  await answer(id, "也许");
  await tea.settle();
  tea.server.clock.advance(hourMs);
  await tea.settle();
  const { items } = await tea.owner.api.messaging.readThread({ conversationId: id });
  expect(items[0]!.sent).toMatchObject({ state: "unknown" });
  expect(chat(puppet.id).filter((line) => line === "custom: 也许")).toHaveLength(1);
  expect((await conversation(id)).state).toBe("waiting");
  const [person] = (await tea.owner.api.audience.listPeople({ search: openid })).items;
  const { items: story } = await tea.owner.api.audience.timeline({ personId: person!.id });
  expect(story.find(({ kind }) => kind === "operator_reply")?.details).toMatchObject({
    text: "也许",
    state: "unknown",
  });
  const { items: deliveries } = await tea.owner.api.messaging.listDeliveries({ personId: person!.id });
  expect(deliveries[0]).toMatchObject({ channel: "wechat_reply", sceneName: null, authorName: "Owner" });
});

test("an app that is switched off before its turn sends neither replies nor scene messages", async () => {
  const { puppet, id } = await customer();
  await answer(id, "晚了");
  await tea.owner.api.connect.updateApp({ wechatAppId: tea.bound.wechatAppId, enabled: false });
  await tea.settle();
  const { items } = await tea.owner.api.messaging.readThread({ conversationId: id });
  expect(items[0]!.sent).toMatchObject({
    state: "failed",
    reason: { en: expect.stringContaining("switched off") as string },
  });
  expect(chat(puppet.id)).not.toContain("custom: 晚了");
});

test("a conversation is done without an answer until they write again, and not over an unread message", async () => {
  const { puppet, id } = await customer();
  const close = async (lastMessageId: string) =>
    tea.owner.api.messaging.closeConversation({ conversationId: id, lastMessageId });
  const { lastMessageId } = await conversation(id);
  const waiting = async () => (await tea.owner.api.audience.getFigures()).waiting.count;
  expect(await waiting()).toBe(1);
  expect(await close(lastMessageId)).toMatchObject({ state: "closed", settledBy: "Owner" });
  expect(await waiting()).toBe(0);
  await tea.emulator.world.say(puppet.id, { text: "还在吗" });
  await tea.settle();
  expect([(await conversation(id)).state, await waiting()]).toEqual(["waiting", 1]);
  expect(await refusal(close(lastMessageId))).toMatchObject({ code: "messaging.wrote_meanwhile" });
  expect(await refusal(close("00000000-0000-7000-8000-000000000000"))).toMatchObject({ status: 409 });
});

test("who waits comes first, whoever has waited longest before the others, then the latest", async () => {
  const talks: string[] = [];
  for (const text of ["一", "二", "三", "四"]) {
    talks.push((await customer(text)).id);
    tea.server.clock.advance(60_000);
  }
  for (const id of [talks[0]!, talks[2]!]) await answer(id, "好");
  await tea.settle();
  const listed = await tea.owner.api.messaging.listConversations({ limit: 3 });
  const rest = await tea.owner.api.messaging.listConversations({ limit: 3, cursor: listed.next! });
  expect([...listed.items, ...rest.items].map(({ lastText }) => lastText)).toEqual(["二", "四", "三", "一"]);
  const waiting = await tea.owner.api.messaging.listConversations({ state: ["waiting"] });
  expect(waiting.items.map(({ lastText }) => lastText)).toEqual(["二", "四"]);
});

test("nobody waits longer than WeChat takes an answer: then they were missed", async () => {
  const { id } = await customer();
  tea.server.clock.advance(48 * hourMs);
  expect(await conversation(id)).toMatchObject({ state: "missed", waitingSince: null });
  await tea.server.runtime.runSchedule("connect.note_missed");
  const { items } = await tea.owner.api.messaging.listConversations({ state: ["missed"] });
  expect(items.map((each) => each.id)).toEqual([id]);
});

test("what was written after an answer is asked for still waits when the answer arrives", async () => {
  const { puppet, id } = await customer();
  await answer(id, "有的");
  await tea.emulator.world.say(puppet.id, { text: "那我来两份" });
  await tea.settle();
  const { state, waitingSince, lastAt } = await conversation(id);
  expect([state, waitingSince]).toEqual(["waiting", lastAt]);
});

test("a reviewer reads, and only who may answer answers", async () => {
  const { id } = await customer();
  const reviewer = await tea.server.as("reviewer", tea.owner);
  expect((await conversation(id, reviewer)).id).toBe(id);
  expect(await refusal(answer(id, "在", reviewer))).toMatchObject({ status: 403 });
});
