import { newId } from "@zhanggui/kit/contract/ids";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { saying } from "../../testing/lantern-tea.ts";
import { refusal } from "../../testing/refusal.ts";
import type { Member } from "../../testing/test-server.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { Desk } from "../connect/desk.ts";
import { newTalk, read, textsTo } from "./testing/talks.ts";

/* Who is given what by turns, who is told that all are busy, and what is still said of an answer. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const minuteMs = 60_000;
const set = (key: string, value: unknown, version = 0) => tea.owner.api.settings.change({ key, value, version });
const operator = () => tea.server.as("operator", tea.owner);
const say = async (puppetId: string, text: string) => {
  await tea.emulator.world.say(puppetId, { text });
  await tea.settle();
};

test("turns take a conversation from nobody who is answering it, only from who left it", async () => {
  const [a, b] = [await operator(), await operator()];
  await set("messaging.assignBy", "turns");
  const { conversationId, puppet } = await newTalk(tea);
  await b.api.messaging.setDuty({ isOnDuty: true });
  // A isn't on duty, and answers what is nobody's.
  await a.api.messaging.reply({ conversationId, text: "有的", lastReplyId: null });
  await tea.settle();
  await say(puppet.id, "要两斤");
  expect((await read(tea.owner, conversationId)).assigneeId).toBe(a.accountId);
  tea.server.clock.advance(20 * minuteMs);
  const { lastReplyId } = await read(a, conversationId);
  await a.api.messaging.reply({ conversationId, text: "好的", lastReplyId });
  await tea.settle();
  tea.server.clock.advance(20 * minuteMs);
  await say(puppet.id, "谢谢");
  expect((await read(tea.owner, conversationId)).assigneeId).toBe(a.accountId);
  tea.server.clock.advance(31 * minuteMs);
  await say(puppet.id, "还在吗");
  expect((await read(tea.owner, conversationId)).assigneeId).toBe(b.accountId);
});

test("what is somebody's who was disabled goes to whoever is on duty, and says whose it was", async () => {
  const [a, b] = [await operator(), await operator()];
  await set("messaging.assignBy", "turns");
  const { conversationId, puppet } = await newTalk(tea);
  await a.api.messaging.assignConversation({ conversationId, assigneeId: a.accountId, from: null });
  await tea.owner.api.access.updateAccount({ accountId: a.accountId, disabled: true });
  await b.api.messaging.setDuty({ isOnDuty: true });
  await say(puppet.id, "还在吗");
  expect((await read(tea.owner, conversationId)).assigneeId).toBe(b.accountId);
});

test("one whose staff was disabled is everybody's again when they write, where nobody is given anything", async () => {
  const a = await operator();
  const { conversationId, puppet } = await newTalk(tea);
  await a.api.messaging.assignConversation({ conversationId, assigneeId: a.accountId, from: null });
  await tea.owner.api.access.updateAccount({ accountId: a.accountId, disabled: true });
  await say(puppet.id, "还在吗");
  expect((await read(tea.owner, conversationId)).assignee).toBeNull();
  const { items } = await tea.owner.api.messaging.readThread({ conversationId });
  expect(items.find(({ note }) => note !== null)?.note).toMatchObject({ kind: "released", author: null });
});

test("of two who have nothing, the one who has waited longer for a conversation is given the next", async () => {
  const [a, b] = [await operator(), await operator()];
  await set("messaging.assignBy", "turns");
  for (const { api } of [a, b]) await api.messaging.setDuty({ isOnDuty: true });
  const whose: (string | null)[] = [];
  for (let count = 0; count < 4; count++) {
    const { conversationId, lastMessageId } = await newTalk(tea);
    whose.push((await read(tea.owner, conversationId)).assigneeId);
    await tea.owner.api.messaging.closeConversation({ conversationId, lastMessageId });
    tea.server.clock.advance(minuteMs);
  }
  expect(whose).toEqual([whose[0], whose[1], whose[0], whose[1]]);
  expect(new Set(whose).size).toBe(2);
});

test("that all are busy is told to everybody who waits, however many were told before", async () => {
  await set("messaging.busyWhen", "off_duty_or_late");
  await set("messaging.busyText", "请稍候");
  await tea.owner.api.messaging.setDuty({ isOnDuty: true });
  const { puppet, conversationId } = await newTalk(tea);
  tea.server.clock.advance(5 * minuteMs);
  await tea.server.runtime.runSchedule("messaging.tell_late");
  await tea.settle();
  expect(textsTo(tea, puppet.id)).toEqual(["请稍候"]);
  // A thousand who have waited longer, and can't be told: nothing is known of them.
  const ctx = tea.server.runtime.ctx(tea.owner.tenantId);
  const { wechatAppId } = tea.bound;
  await ctx.sql`
    INSERT INTO connect_conversation (wechat_app_id, openid, state, waiting_since, last_id, last_at, last_kind)
    SELECT ${wechatAppId}::uuid, 'old-' || n, 'waiting', ${ctx.now()}::timestamptz - interval '1 hour',
      ${newId(new Date(0))}::uuid, ${ctx.now()}::timestamptz - interval '1 hour', 'text'
    FROM generate_series(1, 1001) n`;
  await ctx.sql`
    INSERT INTO messaging_told (wechat_app_id, openid, what, at)
    SELECT wechat_app_id, openid, 'busy', ${ctx.now()} FROM connect_conversation WHERE openid LIKE 'old-%' AND openid <> 'old-7'`;
  const later = await newTalk(tea, "有人吗");
  tea.server.clock.advance(6 * minuteMs);
  await tea.server.runtime.runSchedule("messaging.tell_late");
  await tea.settle();
  expect(textsTo(tea, later.puppet.id)).toEqual(["请稍候"]);
  expect((await read(tea.owner, conversationId)).state).toBe("waiting");
});

test("how much somebody has is read from an index, without what is too old to be answered", async () => {
  const a = await operator();
  const ctx = tea.server.runtime.ctx(tea.owner.tenantId);
  await ctx.sql`
    INSERT INTO connect_conversation (wechat_app_id, openid, state, last_id, last_at, last_kind, assignee_id, assigned_at)
    SELECT ${tea.bound.wechatAppId}::uuid, 'old-' || n, 'answered', ${newId(new Date(0))}::uuid,
      ${ctx.now()}::timestamptz - make_interval(hours => CASE WHEN n <= 3 THEN 1 ELSE 100 END), 'text',
      ${a.accountId}::uuid, ${ctx.now()} FROM generate_series(1, 5000) n`;
  const read = await ctx.tx(async (ctx) => {
    const loads = await tea.server.app.get(Desk).loads(ctx, [a.accountId]);
    expect(loads.get(a.accountId)).toBe(3);
    const [table] = await ctx.sql<{ read: number }>`
      SELECT (seq_tup_read + idx_tup_fetch)::int AS read FROM pg_stat_xact_user_tables
      WHERE relname = 'connect_conversation'`;
    return table?.read;
  });
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(100);
});

test("a rule that was changed after it had answered says no more of it, and its story says why", async () => {
  const { api } = tea.owner;
  const rule = await api.messaging.createRule({
    name: "会员",
    on: "keyword",
    keywords: ["会员"],
    replies: [...saying("会员分两种"), ...saying("银卡和金卡")],
  });
  const { puppet, conversationId } = await newTalk(tea);
  expect((await tea.emulator.world.say(puppet.id, { text: "会员" })).reply).toMatchObject({ text: "会员分两种" });
  await api.messaging.updateRule({ ruleId: rule.id, replies: [...saying("会员日"), ...saying("每月八号")] });
  await tea.settle();
  expect(textsTo(tea, puppet.id)).toEqual([]);
  const { items } = await api.messaging.readThread({ conversationId });
  expect(items[0]?.sent).toMatchObject({
    automatic: "rule",
    rule: "会员",
    state: "suppressed",
    reason: { en: expect.stringContaining("was changed after it had answered") as string },
  });
  // A change of its words alone changes nothing of what it says.
  await tea.emulator.world.say(puppet.id, { text: "会员" });
  await api.messaging.updateRule({ ruleId: rule.id, keywords: ["会员", "会员卡"] });
  await tea.settle();
  expect(textsTo(tea, puppet.id)).toEqual(["每月八号"]);
});

test("an act by key says whose key did it, and one who comes after a release hears of that", async () => {
  const { api } = tea.owner;
  const { conversationId } = await newTalk(tea);
  const a = await operator();
  await api.messaging.assignConversation({ conversationId, assigneeId: a.accountId, from: null });
  await api.messaging.assignConversation({ conversationId, assigneeId: null, from: a.accountId });
  const { token } = await api.keys.create({
    name: "客服机器人",
    permissions: ["messaging:reply", "messaging:conversations"],
    effects: ["read", "change"],
  });
  const bot = tea.server.anonymous({ authorization: `Bearer ${token}` });
  await bot.messaging.assignConversation({ conversationId, assigneeId: a.accountId, from: null });
  await bot.messaging.assignConversation({ conversationId, assigneeId: null, from: a.accountId });
  const { items } = await api.messaging.readThread({ conversationId });
  expect(items.slice(0, 2).map(({ note }) => [note?.kind, note?.author])).toEqual([
    ["released", "客服机器人"],
    ["assigned", "客服机器人"],
  ]);
  const { items: notices } = await a.api.notifications.list({});
  expect(notices[0]?.title.zh).toContain("客服机器人");
  const late = { conversationId, assigneeId: tea.owner.accountId, from: a.accountId };
  expect(await refusal(api.messaging.assignConversation(late))).toMatchObject({ code: "messaging.released_meanwhile" });
});

test("of customers who soon can't be answered everybody hears whom they reach, and no others", async () => {
  const [mine, other] = [await newTalk(tea), await newTalk(tea)];
  const rights = ["messaging:reply", "messaging:conversations"];
  const own = await tea.server.asHolderOf(rights, tea.owner, "own");
  const idle = await tea.server.asHolderOf(rights, tea.owner, "own");
  await tea.owner.api.messaging.assignConversation({ ...mine, assigneeId: own.accountId, from: null });
  await own.api.notifications.readAll({ until: tea.server.clock.now().toISOString() });
  tea.server.clock.advance(45 * 60 * minuteMs);
  await tea.server.runtime.runSchedule("messaging.remind");
  const told = async ({ api }: Member) =>
    (await api.notifications.list({})).items.flatMap(({ isRead, link }) => (isRead ? [] : [link]));
  expect(await told(own)).toEqual([`/messages/conversations/${mine.conversationId}`]);
  expect(await told(idle)).toEqual([]);
  expect(await told(tea.owner)).toEqual(["/messages/conversations?state=waiting"]);
  expect(other.conversationId).not.toBe(mine.conversationId);
});

test("a canned answer that can't be filled in for somebody says why, and the others are offered", async () => {
  const { api } = tea.owner;
  const { conversationId } = await newTalk(tea);
  // Sound for the example, whose name it knows.
  const text = "{% if person.displayName != '小满' %}{{ person.points }}{% endif %}积分";
  await api.messaging.createCanned({ shortcut: "积分", text });
  await api.messaging.createCanned({ shortcut: "营业", text: "九点开门" });
  const { items } = await api.messaging.fillCanned({ conversationId });
  expect(items.map(({ shortcut, trouble }) => [shortcut, trouble?.en ?? null])).toEqual([
    ["积分", expect.stringContaining("person.points") as string],
    ["营业", null],
  ]);
});

test("what was said now and then only is forgotten once it no longer matters", async () => {
  const ctx = tea.server.runtime.ctx(tea.owner.tenantId);
  const { wechatAppId } = tea.bound;
  const at = (days: number) => new Date(tea.server.clock.now().getTime() - days * 24 * 60 * minuteMs);
  await ctx.db
    .insertInto("messaging_told")
    .values([29, 31].map((days) => ({ wechatAppId, openid: `o-${days}`, what: "busy", at: at(days) })))
    .execute();
  await set("messaging.keepDeliveriesDays", 7);
  await tea.server.runtime.runSchedule("settings.prune");
  const rows = await ctx.db.selectFrom("messaging_told").select("openid").execute();
  expect(rows).toEqual([{ openid: "o-29" }]);
});

test("what would answer a scan is asked of a channel's code, and whoever taps or scans waits for nobody", async () => {
  const { api } = tea.owner;
  const { wechatAppId, channel } = tea.bound;
  expect(await refusal(api.messaging.tryRules({ on: "scan", wechatAppId }))).toMatchObject({
    code: "kit.invalid_input",
    errors: [{ field: "channelId" }],
  });
  const scan = { on: "scan", wechatAppId, channelId: channel.id } as const;
  expect(await api.messaging.tryRules(scan)).toMatchObject({ rule: { name: "海报欢迎语" }, waits: false });
  expect(await api.messaging.tryRules({ on: "click", eventKey: "x", wechatAppId })).toMatchObject({ waits: false });
  expect(await api.messaging.tryRules({ on: "keyword", text: "x", wechatAppId })).toMatchObject({ waits: true });
});
