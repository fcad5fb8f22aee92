import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { saying } from "../../testing/lantern-tea.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import type { RuleInput } from "./rule.contract.ts";

/* What rules answer, at once and afterwards, of accounts and of mini-programs. */
let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());

const minuteMs = 60_000;
const appid = () => tea.bound.appid;
const rule = (input: RuleInput) => tea.owner.api.messaging.createRule(input);
const gone = (...rules: { id: string }[]) =>
  Promise.all(rules.map(({ id: ruleId }) => tea.owner.api.messaging.deleteRule({ ruleId })));
async function follower() {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(puppet.id, { appid: appid() });
  await tea.settle();
  return puppet;
}
const say = async (puppetId: string, text: string, to = appid()) =>
  (await tea.emulator.world.say(puppetId, { appid: to, text })).reply;
const messages = (puppetId: string, of = appid()) =>
  tea.emulator.world.chat(puppetId, of).chat.flatMap(({ via, content }) => (via === "custom" ? [content] : []));
async function talk(puppetId: string, of = appid()) {
  const { openid } = tea.emulator.world.chat(puppetId, of);
  return (await tea.owner.api.messaging.listConversations({ search: openid })).items[0];
}

test("a rule has many words and ways to match; the larger priority answers, then the closer", async () => {
  const puppet = await follower();
  const keyword = { on: "keyword" } as const;
  const made = [
    await rule({ ...keyword, name: "包含", keywords: ["开门", "营业"], match: "contains", replies: saying("包含") }),
    await rule({ ...keyword, name: "开头", keywords: ["请问"], match: "starts", replies: saying("开头") }),
    await rule({ ...keyword, name: "人数", keywords: ["^订\\d+位$"], match: "pattern", replies: saying("订位") }),
  ];
  expect(await say(puppet.id, "几点营业")).toMatchObject({ text: "包含" });
  expect(await say(puppet.id, "请问几点开门")).toMatchObject({ text: "开头" });
  expect(await say(puppet.id, " 订12位 ")).toMatchObject({ text: "订位" });
  const urgent = { name: "急", keywords: ["开门"], match: "contains", priority: 1, replies: saying("优先") } as const;
  made.push(await rule({ ...keyword, ...urgent, keywords: [...urgent.keywords] }));
  expect(await say(puppet.id, "请问几点开门")).toMatchObject({ text: "优先" });
  expect(
    await refusal(rule({ ...keyword, name: "x", keywords: ["("], match: "pattern", replies: saying("x") })),
  ).toMatchObject({
    code: "messaging.bad_pattern",
    errors: [{ field: "keywords" }],
  });
  await gone(...made);
});

test("an answer of several messages comes in their order, the first at once, filled in for whoever wrote", async () => {
  const puppet = await follower();
  const made = await rule({
    name: "会员",
    on: "keyword",
    keywords: ["会员"],
    replies: [
      { type: "text", text: "{{ person.displayName }}好，这是{{ app.name }}。" },
      { type: "text", text: "第二条" },
      {
        type: "news",
        title: "会员日",
        description: "每月八号",
        url: "https://lantern-tea.example/club",
        picUrl: "https://lantern-tea.example/club.png",
      },
    ],
  });
  expect(await say(puppet.id, "会员")).toMatchObject({ text: "您好，这是灯笼茶。" });
  await tea.settle();
  expect(messages(puppet.id)).toMatchObject([
    { kind: "text", text: "第二条" },
    { kind: "news", articles: [{ title: "会员日", url: "https://lantern-tea.example/club" }] },
  ]);
  const conversation = await talk(puppet.id);
  expect(conversation).toMatchObject({ state: "answered" });
  const conversationId = conversation!.id;
  expect(await tea.owner.api.messaging.getConversation({ conversationId })).toMatchObject({
    repliesLeft: tea.emulator.world.chat(puppet.id, appid()).credit.left,
    lastReplyId: null,
  });
  const { items } = await tea.owner.api.messaging.readThread({ conversationId });
  expect(items.slice(0, 2).map(({ sent }) => [sent?.automatic, sent?.rule])).toEqual([
    ["rule", "会员"],
    ["rule", "会员"],
  ]);
  await gone(made);
});

test("what answers anything else leaves them waiting; with a limit it is said once in so long", async () => {
  const puppet = await follower();
  const made = await rule({ name: "其他", on: "default", replies: saying("收到，稍后回复。"), capMinutes: 30 });
  for (const text of ["你好", "在吗"]) expect(await say(puppet.id, text)).toBeNull();
  await tea.settle();
  expect(messages(puppet.id)).toMatchObject([{ text: "收到，稍后回复。" }]);
  expect(await talk(puppet.id)).toMatchObject({ state: "waiting" });
  tea.server.clock.advance(30 * minuteMs);
  await say(puppet.id, "还在吗");
  await tea.settle();
  expect(messages(puppet.id)).toHaveLength(2);
  expect(await say(puppet.id, "菜单")).toMatchObject({ text: expect.stringContaining("今日") as string });
  const { items } = await tea.owner.api.messaging.listRules({});
  expect(items.at(-1)).toMatchObject({ name: "其他", answered: 2 });
  await gone(made);
});

test("outside of its hours a rule is silent, also over midnight; and one that another's hours cover says so", async () => {
  const puppet = await follower();
  const clock = (ms: number) =>
    new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", timeStyle: "short" }).format(
      new Date(tea.server.clock.now().getTime() + ms),
    );
  const hours = { activeFrom: clock(-60 * minuteMs), activeUntil: clock(60 * minuteMs) };
  const keyword = { on: "keyword", match: "exact" } as const;
  const made = await rule({ ...keyword, name: "夜里", keywords: ["夜茶"], replies: saying("有"), ...hours });
  expect(await say(puppet.id, "夜茶")).toMatchObject({ text: "有" });
  const narrower = { activeFrom: clock(-30 * minuteMs), activeUntil: clock(30 * minuteMs) };
  const input = { ...keyword, name: "x", keywords: ["夜茶"], replies: saying("x") };
  expect((await tea.owner.api.messaging.checkRule({ ...input, ...narrower })).blocked?.en).toContain("夜里");
  expect((await tea.owner.api.messaging.checkRule(input)).blocked).toBeNull();
  tea.server.clock.advance(61 * minuteMs);
  expect(await say(puppet.id, "夜茶")).toBeNull();
  const half = rule({ ...input, activeFrom: "09:00" });
  expect(await refusal(half)).toMatchObject({ code: "kit.invalid_input" });
  await gone(made);
});

test("a tap on the menu is answered by its key; what would answer is told without asking anybody", async () => {
  const { api } = tea.owner;
  const made = [
    await rule({ name: "任意菜单", on: "click", replies: saying("菜单") }),
    await rule({ name: "会员卡", on: "click", eventKey: "CARD", replies: saying("卡") }),
  ];
  const { wechatAppId } = tea.bound;
  const tried = await api.messaging.tryRules({ on: "click", eventKey: "CARD", wechatAppId });
  expect(tried).toMatchObject({ rule: { name: "会员卡" }, later: [{ name: "任意菜单" }] });
  expect(await api.messaging.tryRules({ on: "keyword", text: "没人懂", wechatAppId })).toMatchObject({ rule: null });
  expect(await api.messaging.tryRules({ on: "scan", wechatAppId, channelId: tea.bound.channel.id })).toMatchObject({
    rule: { name: "海报欢迎语" },
  });
  await gone(...made);
});

test("a mini-program answers by messages only, within its own windows, and takes what it can show", async () => {
  const { api } = tea.owner;
  const account = tea.emulator.world.createAccount({ kind: "miniprogram", name: "灯笼茶点单" });
  const secrets = { pushToken: "minitoken", encodingAesKey: randomBytes(32).toString("hex").slice(0, 43) };
  const app = await api.connect.bindApp({
    kind: "miniprogram",
    name: "灯笼茶点单",
    appId: account.appid,
    appSecret: account.secret,
    ...secrets,
    mode: "safe",
  });
  await tea.emulator.world.configurePush(account.appid, {
    url: `${tea.server.url}/api/wechat/callback/${app.id}`,
    token: secrets.pushToken,
    encodingAesKey: secrets.encodingAesKey,
    mode: "safe",
    format: "json",
  });
  const wechatAppId = app.id;
  const made = [
    await rule({ name: "打开客服", on: "enter", wechatAppId, replies: [...saying("欢迎"), ...saying("要点什么？")] }),
    await rule({
      name: "菜单卡片",
      on: "keyword",
      keywords: ["点单"],
      wechatAppId,
      replies: [
        {
          type: "news",
          title: "点单",
          description: "",
          url: "https://lantern-tea.example/order",
          picUrl: "https://lantern-tea.example/order.png",
        },
      ],
    }),
  ];
  const puppet = tea.emulator.world.createPuppet();
  const entered = await tea.emulator.world.enterSession(puppet.id, { appid: account.appid });
  expect(entered.reply).toBeNull();
  await tea.settle();
  const shown = () => messages(puppet.id, account.appid);
  expect(shown()).toMatchObject([{ text: "欢迎" }, { text: "要点什么？" }]);
  expect(await say(puppet.id, "点单", account.appid)).toBeNull();
  await tea.settle();
  expect(shown().at(-1)).toMatchObject({ kind: "news", articles: [{ title: "点单" }] });
  const conversation = await talk(puppet.id, account.appid);
  expect(conversation).toMatchObject({ state: "answered" });
  await say(puppet.id, "有冰的吗", account.appid);
  await tea.settle();
  const conversationId = conversation!.id;
  expect(await api.messaging.getConversation({ conversationId })).toMatchObject({
    appKind: "miniprogram",
    state: "waiting",
    refusal: null,
    repliesLeft: 5,
  });
  await api.messaging.reply({ conversationId, text: "有的", lastReplyId: null });
  await tea.settle();
  expect(shown().at(-1)).toMatchObject({ text: "有的" });
  for (const input of [
    { on: "follow", replies: saying("x") },
    { on: "keyword", keywords: ["x"], replies: [{ type: "voice", mediaId: "x" }] },
  ] satisfies Partial<RuleInput>[])
    expect(await refusal(rule({ name: "x", wechatAppId, ...input }))).toMatchObject({
      code: "messaging.not_in_mini_programs",
    });
  const three = { name: "x", on: "enter", wechatAppId, replies: [1, 2, 3].flatMap(() => saying("x")) } as const;
  expect(await refusal(rule(three))).toMatchObject({ code: "kit.invalid_input" });
  await gone(...made);
});
