import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { refusal } from "../../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../../testing/tea-shop.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterAll(() => tea.close());

const asked = () =>
  tea.emulator.world.state.journal.list({ kind: "api" }).filter(({ url }) => url.startsWith("/cgi-bin/user/info?"))
    .length;
/** A follower, with the id of their person here. */
async function follower(name: string) {
  const { world } = tea.emulator;
  const puppet = world.createPuppet({ name });
  await world.follow(puppet.id, { appid: tea.bound.appid });
  await tea.settle();
  const { openid } = world.state.bond(world.account(tea.bound.appid), puppet);
  const [person] = (await tea.owner.api.audience.listPeople({ search: openid })).items;
  return { puppet, personId: person!.id, openid };
}
const profiles = async (personId: string) => (await tea.owner.api.audience.listProfiles({ personId })).items;

test("a follower's profile is fetched, kept and shown by account", async () => {
  const { personId, openid } = await follower("小满");
  expect(await profiles(personId)).toMatchObject([
    {
      openid,
      wechatAppId: tea.bound.wechatAppId,
      wechatAppName: "灯笼茶",
      nickname: null,
      followedAt: expect.any(String) as string,
      followScene: expect.stringMatching(/^ADD_SCENE_/) as string,
      fetchedAt: expect.any(String) as string,
    },
  ]);
});

test("a keyword that a rule answers, and a scan, have it fetched anew; other words don't, and none twice a day", async () => {
  const { puppet, personId } = await follower("阿岚");
  const { world } = tea.emulator;
  const say = async (text: string) => {
    await world.say(puppet.id, { appid: tea.bound.appid, text });
    await tea.settle();
  };
  const [first] = await profiles(personId);
  let calls = asked();
  await say("菜单");
  expect(asked()).toBe(calls);
  tea.server.clock.advance(86_400_000);
  await say("随便说说");
  expect(asked()).toBe(calls);
  await say("我要看菜单");
  expect(asked()).toBe(calls + 1);
  const [second] = await profiles(personId);
  expect(second!.fetchedAt! > first!.fetchedAt!).toBe(true);
  expect(second!.followedAt).toBe(first!.followedAt);
  tea.server.clock.advance(86_400_000);
  calls = asked();
  await world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  expect(asked()).toBe(calls + 1);
  await world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  expect(asked()).toBe(calls + 1);
});

test("what WeChat told of a follower stays when they leave; of another business's people nothing is seen", async () => {
  const { puppet, personId } = await follower("陈果");
  const [before] = await profiles(personId);
  await tea.emulator.world.unfollow(puppet.id, { appid: tea.bound.appid });
  await tea.settle();
  expect((await profiles(personId))[0]!.followedAt).toBe(before!.followedAt);
  const stranger = await tea.server.asOwner();
  expect(await refusal(stranger.api.audience.listProfiles({ personId }))).toMatchObject({ code: "kit.not_found" });
});
