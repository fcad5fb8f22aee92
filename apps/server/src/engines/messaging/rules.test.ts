import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { RuleInput } from "./rule.contract.ts";
import { saying } from "../../testing/lantern-tea.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

let tea: TeaShop;
let appid: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ appid } = tea.bound);
});
afterAll(() => tea.close());

/** A new puppet scans the channel's code. */
async function scan() {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  return puppet;
}

describe("a rule that can never answer says why", () => {
  const why = async (ruleId: string) =>
    (await tea.owner.api.messaging.listRules({})).items.find(({ id }) => id === ruleId)?.blocked?.en ?? null;
  const account = () => tea.emulator.world.createAccount();
  async function another() {
    const { appid: appId, secret: appSecret } = account();
    const { api } = tea.owner;
    const app = await api.connect.bindApp({ name: "会员店", appId, appSecret, pushToken: "token", mode: "plain" });
    const leader = { leaderName: "阿青", leaderMail: "qing@lantern-tea.example" };
    const channel = await api.connect.createChannel({ wechatAppId: app.id, name: `门口${appId}`, ...leader });
    return { wechatAppId: app.id, channelId: channel.id, channelName: channel.name };
  }

  test("because another, as close and older, takes all of its messages; before it is made and after", async () => {
    const { api } = tea.owner;
    const { wechatAppId, channelId } = await another();
    const base: RuleInput = {
      name: "红茶",
      replies: saying("x"),
      on: "keyword",
      keywords: ["红茶"],
      match: "contains",
      wechatAppId,
    };
    const wide = await api.messaging.createRule({ ...base, name: "红茶" });
    const made: string[] = [wide.id];
    const cases: [Omit<RuleInput, "name">, boolean][] = [
      [{ ...base, keywords: ["正山红茶"] }, true],
      [{ ...base, keywords: ["红"] }, false],
      [{ ...base, keywords: ["红茶"], match: "exact" }, false],
      [{ ...base, keywords: ["红茶"], wechatAppId: null }, false],
      [{ replies: saying("x"), on: "scan", channelId }, false],
      [{ replies: saying("x"), on: "scan", channelId, wechatAppId }, false],
      [{ replies: saying("x"), on: "scan", channelId }, true],
      [{ replies: saying("x"), on: "follow", wechatAppId }, false],
      [{ replies: saying("x"), on: "follow", wechatAppId }, true],
    ];
    for (const [rule, shadow] of cases) {
      const named = { ...rule, name: `rule ${made.length}` };
      const { blocked } = await api.messaging.checkRule(named);
      tea.server.clock.advance(1000);
      const { id, blocked: then } = await api.messaging.createRule(named);
      made.push(id);
      expect(then, JSON.stringify(rule)).toEqual(blocked);
      expect(blocked !== null, JSON.stringify(rule)).toBe(shadow);
      if (shadow) expect(blocked?.en).toMatch(/^the rule “.*” always answers first$/);
    }
    const [, second] = made;
    expect(await why(second!)).toBe("the rule “红茶” always answers first");
    await api.messaging.updateRule({ ruleId: wide.id, enabled: false });
    expect(await why(second!)).toBeNull();
    for (const ruleId of made) await api.messaging.deleteRule({ ruleId });
  });

  test("because what it is bound to is off, over or gone", async () => {
    const { api } = tea.owner;
    const { wechatAppId, channelId, channelName } = await another();
    const { id } = await api.messaging.createRule({ name: "门口", on: "scan", channelId, replies: saying("x") });
    expect(await why(id)).toBeNull();
    await api.connect.updateChannel({ channelId, enabled: false });
    expect(await why(id)).toBe(`the channel “${channelName}” is switched off`);
    await api.connect.updateChannel({ channelId, enabled: true });
    await api.connect.updateApp({ wechatAppId, enabled: false });
    expect(await why(id)).toBe("the app “会员店” is switched off");
    await api.connect.unbindApp({ wechatAppId });
    expect(await why(id)).toBe("the app “会员店” is unbound");
    const bound = { name: "x", on: "follow", replies: saying("x"), wechatAppId } as const;
    await expect(api.messaging.createRule(bound)).rejects.toMatchObject({
      code: "kit.not_found",
      problem: { errors: [{ field: "wechatAppId" }] },
    });
    await api.connect.deleteChannel({ channelId });
    expect(await why(id)).toBe("its channel is deleted");
    await api.messaging.deleteRule({ ruleId: id });
  });

  test("an empty keyword of old neither answers nor hides that", async () => {
    const { api } = tea.owner;
    const { id } = await api.messaging.createRule({
      name: "旧",
      on: "keyword",
      keywords: ["x"],
      match: "contains",
      replies: saying("y"),
    });
    const db = tea.server.runtime.unscopedDb();
    await db
      .updateTable("messaging_rule")
      .set({ keywords: [""] })
      .where("id", "=", id)
      .execute();
    expect(await why(id)).toBe("its keyword is empty");
    const puppet = await scan();
    expect((await tea.emulator.world.say(puppet.id, { appid, text: "随便说说" })).reply).toBeNull();
    await api.messaging.deleteRule({ ruleId: id });
  });
});

test("rules and scenes that are deleted answer and send no more; what they did still names them", async () => {
  const { api } = tea.owner;
  const rule = await api.messaging.createRule({
    name: "临时",
    on: "keyword",
    keywords: ["临时"],
    match: "exact",
    replies: saying("在"),
  });
  const scene = await api.messaging.createScene({
    name: "临时场景",
    trigger: "audience.channel_entered.v1",
    items: [{ channel: "mail", to: "leader", subject: "x", text: "x" }],
  });
  const puppet = await scan();
  const say = async () => (await tea.emulator.world.say(puppet.id, { appid, text: "临时" })).reply;
  expect(await say()).toMatchObject({ text: "在" });
  await api.messaging.deleteRule({ ruleId: rule.id });
  await api.messaging.deleteScene({ sceneId: scene.id });
  expect(await say()).toBeNull();
  await scan();
  const sent = await api.messaging.listDeliveries({ sceneId: scene.id });
  expect(sent.items.map(({ sceneName }) => sceneName)).toEqual(["临时场景"]);
  expect((await api.messaging.listScenes({})).items.some(({ id }) => id === scene.id)).toBe(false);
  for (const again of [
    () => api.messaging.deleteRule({ ruleId: rule.id }),
    () => api.messaging.updateRule({ ruleId: rule.id, enabled: true }),
    () => api.messaging.deleteScene({ sceneId: scene.id }),
  ])
    await expect(again()).rejects.toMatchObject({ code: "kit.not_found" });
});
