import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import type { RuleInput } from "./rule.contract.ts";
import { saying } from "../../testing/lantern-tea.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());
beforeEach(() => tea.emulator.world.clearFaults());

/** A new puppet scans the channel's code; what became of the two messages. */
async function scan({ settle = true } = {}) {
  const puppet = tea.emulator.world.createPuppet();
  const report = await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  if (settle) await tea.settle();
  return { puppet, report, deliveries: () => deliveriesOf(puppet.id) };
}

async function deliveriesOf(puppetId: string) {
  const { openid } = tea.emulator.world.chat(puppetId, tea.bound.appid);
  const { items: inbound } = await tea.owner.api.connect.listInbound({ openid });
  const traceId = inbound.at(-1)!.traceId;
  const { items } = await tea.owner.api.messaging.listDeliveries({ traceId });
  const byChannel = (channel: string) => items.find((each) => each.channel === channel)!;
  return { template: byChannel("wechat_template"), mail: byChannel("mail") };
}

const templatesShown = (puppetId: string) =>
  tea.emulator.world.chat(puppetId, tea.bound.appid).chat.filter(({ content }) => content.kind === "template");

describe("auto-reply", () => {
  test("the closest rule answers: this channel's scan, any scan, a follow; the exact keyword, then a contained one", async () => {
    const { owner, emulator, bound } = tea;
    await owner.api.messaging.createRule({
      name: "exact",
      on: "keyword",
      keywords: ["菜单"],
      match: "exact",
      replies: saying("全部茶单在此"),
    });
    const { puppet } = await scan();
    const say = async (text: string) => (await emulator.world.say(puppet.id, { text })).reply;
    expect(await say("菜单")).toMatchObject({ text: "全部茶单在此" });
    expect(await say("今天的菜单呢")).toMatchObject({ text: "今日：桂花乌龙、陈皮白茶、炭焙铁观音。" });
    expect(await say("你好")).toBeNull();
    const own = await owner.api.messaging.createRule({
      name: "own",
      on: "scan",
      channelId: bound.channel.id,
      replies: saying("海报专属"),
    });
    expect((await scan()).report.reply).toMatchObject({ text: "海报专属" });
    await owner.api.messaging.updateRule({ ruleId: own.id, enabled: false });
    expect((await scan()).report.reply).toMatchObject({ text: "欢迎来到灯笼茶，门店海报的朋友！" });
    const rules = (await owner.api.messaging.listRules()).items;
    expect(rules.find(({ name }) => name === "exact")).toMatchObject({ answered: 1 });
    await owner.api.messaging.deleteRule({ ruleId: own.id });
  });

  test("rules are listed in the order in which they win, whenever they were made", async () => {
    const { api } = tea.owner;
    const { wechatAppId, channel } = tea.bound;
    const before = new Set((await api.messaging.listRules()).items.map(({ id }) => id));
    const common = { replies: saying("x"), enabled: false };
    const rules: Partial<RuleInput>[] = [
      { name: "contained", on: "keyword", keywords: ["茶"], match: "contains" },
      { name: "exact, older", on: "keyword", keywords: ["茶"], match: "exact" },
      { name: "exact, newer", on: "keyword", keywords: ["茶"], match: "exact" },
      { name: "exact, of the app", on: "keyword", keywords: ["茶"], match: "exact", wechatAppId },
      { name: "follow", on: "follow" },
      { name: "any scan", on: "scan" },
      { name: "any scan of the app", on: "scan", wechatAppId },
      { name: "the channel's scan", on: "scan", channelId: channel.id },
    ];
    for (const rule of rules) {
      await api.messaging.createRule({ ...common, ...rule } as RuleInput);
      tea.server.clock.advance(1000);
    }
    const made = (await api.messaging.listRules()).items.filter(({ id }) => !before.has(id));
    expect(made.map(({ name }) => name)).toEqual([
      "the channel's scan",
      "any scan of the app",
      "any scan",
      "follow",
      "exact, of the app",
      "exact, older",
      "exact, newer",
      "contained",
    ]);
    for (const { id } of made) await api.messaging.deleteRule({ ruleId: id });
  });

  test("what answers is the first rule of the list that applies and is on", async () => {
    const { api } = tea.owner;
    const { wechatAppId } = tea.bound;
    const { puppet } = await scan();
    const say = async () => (await tea.emulator.world.say(puppet.id, { text: "几点开门" })).reply;
    const keyword = { on: "keyword" as const, keywords: ["开门"] };
    const wide = await api.messaging.createRule({
      name: "all apps",
      ...keyword,
      match: "contains",
      replies: saying("九点"),
    });
    const narrow = { name: "this app", ...keyword, match: "contains", wechatAppId, replies: saying("十点") } as const;
    const own = await api.messaging.createRule(narrow);
    expect(await say()).toMatchObject({ text: "十点" });
    await api.messaging.updateRule({ ruleId: own.id, enabled: false });
    expect(await say()).toMatchObject({ text: "九点" });
    for (const { id } of [wide, own]) await api.messaging.deleteRule({ ruleId: id });
  });

  test("a rule that could never answer is refused, and so is a channel that isn't there", async () => {
    const { api } = tea.owner;
    const { id: ofChannel } = tea.bound.channel;
    const refused: [Partial<RuleInput>, string][] = [
      [{ on: "keyword" }, "keywords"],
      [{ on: "follow", keywords: ["茶"] }, "keywords"],
      [{ on: "follow", channelId: ofChannel }, "channelId"],
      [{ on: "keyword", keywords: ["茶"], channelId: ofChannel }, "channelId"],
    ];
    for (const [rule, field] of refused) {
      const made = { name: "x", replies: saying("x"), ...rule } as RuleInput;
      await expect(api.messaging.createRule(made), field).rejects.toMatchObject({
        code: "kit.invalid_input",
        problem: { errors: [{ field }] },
      });
    }
    tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/stable_token", drop: "before" });
    const other = await api.connect.bindApp({
      name: "另一个号",
      appId: "wx00000000000000ff",
      appSecret: "x".repeat(32),
      pushToken: "token",
      mode: "plain",
    });
    const ofAnotherApp = { wechatAppId: other.id, channelId: ofChannel };
    await expect(
      api.messaging.createRule({ name: "x", on: "scan", replies: saying("x"), ...ofAnotherApp }),
    ).rejects.toMatchObject({ code: "kit.not_found" });
    const channelId = tea.bound.wechatAppId;
    await expect(
      api.messaging.createRule({ name: "x", on: "scan", channelId, replies: saying("x") }),
    ).rejects.toMatchObject({
      code: "kit.not_found",
    });
  });
});

describe("scenes", () => {
  test("a scene sends what it says, filled in, once per event", async () => {
    const { puppet, deliveries } = await scan();
    const { template, mail } = await deliveries();
    expect(template).toMatchObject({ state: "delivered", sceneName: "新客到店" });
    expect(mail).toMatchObject({ state: "accepted", to: "qing@lantern-tea.example" });
    // What is told of somebody isn't told to them: the leader reads the mail, they the message.
    expect(mail.recipient).toEqual({ zh: "负责人 阿青", en: "Leader 阿青" });
    expect(template.recipient.zh).toBe(template.personName);
    const shown = templatesShown(puppet.id);
    expect(shown).toHaveLength(1);
    expect(JSON.stringify(shown[0]!.content)).toContain("谢谢你来到灯笼茶");
    const received = tea.emulator.world.mails().filter(({ text }) => text.includes(template.personName));
    expect(received).toMatchObject([{ subject: "门店海报来了一位新朋友", to: ["qing@lantern-tea.example"] }]);
    const detail = await tea.owner.api.messaging.getDelivery({ deliveryId: template.id });
    expect(detail.steps.map(({ kind }) => kind)).toEqual(["asked", "decided", "submitting", "answered", "receipt"]);
    expect(detail.content).toMatchObject({ data: { keyword2: "门店海报" } });
  });

  test("a template that can't be filled in is refused when it is saved, with the field and the reason", async () => {
    const { api } = tea.owner;
    const scene = { name: "x", trigger: "audience.person_followed.v1" as const };
    const mail = (text: string) => ({ channel: "mail" as const, to: "leader" as const, subject: "x", text });
    for (const text of [
      "{{ person.password }}",
      "{{ person.displayName | shout }}",
      "{% include 'x' %}",
      "{{",
      "{% for i in (1..100000000) %}x{% endfor %}",
    ]) {
      await expect(api.messaging.createScene({ ...scene, items: [mail(text)] }), text).rejects.toMatchObject({
        code: "messaging.bad_template",
        problem: { status: 422, details: { field: "items.0.text" } },
      });
    }
  });

  test("a template message opens web pages and nothing else", async () => {
    const { api } = tea.owner;
    const template = { channel: "wechat_template" as const, templateId: "T", data: { first: "x" } };
    const scene = { name: "x", trigger: "audience.person_followed.v1" as const, enabled: false };
    for (const url of ["javascript:alert(1)", "ftp://example.com/a", "data:text/html,x", "example.com"]) {
      await expect(api.messaging.createScene({ ...scene, items: [{ ...template, url }] }), url).rejects.toMatchObject({
        code: "kit.invalid_input",
        problem: { errors: [{ field: "items.0.url" }] },
      });
    }
    const items = [{ ...template, url: "http://example.com/a" }];
    expect(await api.messaging.createScene({ ...scene, items })).toMatchObject({ items });
  });

  test("deliveries name people as they are called now", async () => {
    const { deliveries } = await scan();
    const { template } = await deliveries();
    await tea.owner.api.audience.updatePerson({ personId: template.personId, displayName: "小满" });
    expect((await deliveries()).template).toMatchObject({ personName: "小满", recipient: { zh: "小满" } });
    const deliveryId = template.id;
    expect(await tea.owner.api.messaging.getDelivery({ deliveryId })).toMatchObject({ personName: "小满" });
  });

  test("who has no name is called by the word that is set; the leader reads which customer it is", async () => {
    const { api } = tea.owner;
    const contents = async () => {
      const { template, mail } = await (await scan()).deliveries();
      const contentOf = async ({ id }: { id: string }) => (await api.messaging.getDelivery({ deliveryId: id })).content;
      return { template: await contentOf(template), mail: await contentOf(mail), name: mail.personName };
    };
    const first = await contents();
    expect(first.template).toMatchObject({ data: { keyword1: "您" } });
    expect(first.mail).toMatchObject({ text: expect.stringContaining(`${first.name} 刚刚`) as string });
    expect(first.name).toMatch(/^微信用户 /);
    await api.settings.change({ key: "messaging.unnamedCustomer", value: "茶友", version: 0 });
    expect((await contents()).template).toMatchObject({ data: { keyword1: "茶友" } });
    await api.settings.change({ key: "messaging.unnamedCustomer", value: "您", version: 1 });
  });

  test("a changed scene is a new version; of two changes one is told to look again", async () => {
    const { api } = tea.owner;
    const items = [
      { channel: "mail" as const, to: "person" as const, subject: "欢迎", text: "{{ person.displayName }}" },
    ];
    const scene = {
      name: "关注问候",
      trigger: "audience.person_followed.v1" as const,
      items,
      enabled: true,
      channelId: null,
    };
    const created = await api.messaging.createScene(scene);
    const changed = await api.messaging.updateScene({ ...scene, sceneId: created.id, name: "问候", version: 1 });
    expect(changed).toMatchObject({ id: created.id, name: "问候", version: 2 });
    await expect(api.messaging.updateScene({ ...scene, sceneId: created.id, version: 1 })).rejects.toMatchObject({
      code: "kit.conflict",
    });
    const { puppet } = await scan();
    const { openid } = tea.emulator.world.chat(puppet.id, tea.bound.appid);
    const { items: people } = await api.audience.listPeople({ search: openid });
    const { items: sent } = await api.messaging.listDeliveries({ personId: people[0]!.id, sceneId: created.id });
    expect(sent).toMatchObject([
      { state: "suppressed", reason: { en: "Not sent: no mail address is known for this person." } },
    ]);
    await api.messaging.updateScene({ ...scene, sceneId: created.id, enabled: false, version: 2 });
  });

  test("nobody who left gets a template message, and the trace says why", async () => {
    const { emulator } = tea;
    const puppet = emulator.world.createPuppet();
    await emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
    tea.server.clock.advance(1000);
    await emulator.world.unfollow(puppet.id);
    await tea.settle();
    const { template } = await deliveriesOf(puppet.id);
    expect(template).toMatchObject({
      state: "suppressed",
      reason: { en: expect.stringContaining("no longer follows") as string },
    });
    expect(templatesShown(puppet.id)).toEqual([]);
  });
});

describe("what a sending comes to", () => {
  const mailFault = { target: "api" as const, path: "/cgi-bin/message/template/send" };

  test("a refusal is final, in WeChat's words and ours", async () => {
    tea.emulator.world.addFault({ ...mailFault, errcode: 43004 });
    const { puppet, deliveries } = await scan();
    const { template } = await deliveries();
    expect(template).toMatchObject({ state: "failed", reason: { en: expect.stringContaining("43004") as string } });
    expect(templatesShown(puppet.id)).toEqual([]);
  });

  test("what certainly did not go out is tried again, later and later, and given up after eight times", async () => {
    tea.emulator.world.addFault({ ...mailFault, errcode: 45011, count: 100 });
    const { puppet, deliveries } = await scan();
    expect((await deliveries()).template).toMatchObject({
      state: "ready",
      reason: { en: expect.stringContaining("5 seconds") as string },
    });
    tea.server.clock.advance(5000);
    await tea.settle();
    expect((await deliveries()).template).toMatchObject({
      reason: { en: expect.stringContaining("10 seconds") as string },
    });
    for (let attempt = 3; attempt <= 8; attempt++) {
      tea.server.clock.advance(1_000_000);
      await tea.settle();
    }
    expect((await deliveries()).template).toMatchObject({
      state: "failed",
      reason: { en: expect.stringContaining("8 tries") as string },
    });
    expect(templatesShown(puppet.id)).toEqual([]);
    const { steps } = await tea.owner.api.messaging.getDelivery({ deliveryId: (await deliveries()).template.id });
    expect(steps.filter(({ kind }) => kind === "submitting")).toHaveLength(8);
  });

  test.each([
    ["was done, and the answer was lost", "after", 1],
    ["was cut off before it was done", "before", 0],
  ] as const)("a call that %s is unknown: explained, and not sent again", async (_, drop, times) => {
    // A template message has a key, so it is tried again: three times in all.
    tea.emulator.world.addFault({ ...mailFault, drop, count: 3 });
    const { puppet, deliveries } = await scan();
    const { template } = await deliveries();
    expect(template).toMatchObject({ state: "unknown", reason: { zh: expect.stringContaining("不会重发") as string } });
    tea.server.clock.advance(86_400_000);
    await tea.settle();
    expect(templatesShown(puppet.id)).toHaveLength(times);
    expect((await deliveries()).template.state).toBe("unknown");
  });

  test("a receipt that says blocked, or failed, is believed", async () => {
    for (const [templateDelivery, words] of [
      ["user_block", "blocks"],
      ["system_failed", "could not be delivered"],
    ] as const) {
      const puppet = tea.emulator.world.createPuppet({ templateDelivery });
      await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
      await tea.settle();
      expect((await deliveriesOf(puppet.id)).template).toMatchObject({
        state: "failed",
        reason: { en: expect.stringContaining(words) as string },
      });
    }
  });

  test("a hundred scans with many senders: each message once, each receipt found", async () => {
    const puppets = Array.from({ length: 100 }, () => tea.emulator.world.createPuppet());
    await Promise.all(puppets.map(({ id }) => tea.emulator.world.scan(id, { code: tea.bound.channel.ticket })));
    await Promise.all(Array.from({ length: 6 }, () => tea.server.runUntilIdle()));
    await tea.settle();
    for (const { id } of puppets) expect(templatesShown(id)).toHaveLength(1);
    const states = await Promise.all(puppets.map(async ({ id }) => (await deliveriesOf(id)).template.state));
    expect(new Set(states)).toEqual(new Set(["delivered"]));
  });
});
