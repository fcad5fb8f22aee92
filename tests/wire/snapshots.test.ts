import { saying } from "@zhanggui/server/testing/lantern-tea";
import { openTeaShop, type TeaShop } from "@zhanggui/server/testing/tea-shop";
import { openTestServer, type TestServer } from "@zhanggui/server/testing/test-server";
import { createClient } from "@zhanggui/kit/contract/client";
import { contracts } from "@zhanggui/server/contracts";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

/** Pushes come to one process; the operator works on the other. */
let shop: TeaShop;
let other: TestServer;

beforeAll(async () => {
  shop = await openTeaShop(inject("clusterUrl"));
  other = await openTestServer(inject("clusterUrl"), {
    databaseUrl: shop.server.databaseUrl,
    clock: shop.server.clock,
    env: { WECHAT_API_URL: shop.emulator.url, WECHAT_MP_URL: shop.emulator.url },
  });
});
afterAll(async () => {
  await other.close();
  await shop.close();
});

/** The operator, on the process that gets no pushes. */
const elsewhere = () =>
  createClient(contracts, {
    baseUrl: other.url,
    headers: () => ({ authorization: `Bearer ${shop.owner.accessToken}` }),
  });

test("what another process changed holds for the very next push, four hundred times", async () => {
  const api = elsewhere();
  const { items } = await api.messaging.listRules();
  const rule = items.find(({ name }) => name === "菜单")!;
  const puppet = shop.emulator.world.createPuppet();
  await shop.emulator.world.follow(puppet.id);
  for (let round = 0; round < 400; round++) {
    await api.messaging.updateRule({ ruleId: rule.id, replies: saying(`茶单 ${round}`) });
    const report = await shop.emulator.world.say(puppet.id, { text: "菜单" });
    expect(report.reply).toMatchObject({ text: `茶单 ${round}` });
  }
});

test("under a stream of changes every push is answered, by a rule as it stood then, and kept once", async () => {
  const api = elsewhere();
  const { items } = await api.messaging.listRules();
  const rule = items.find(({ name }) => name === "菜单")!;
  const puppet = shop.emulator.world.createPuppet();
  await shop.emulator.world.follow(puppet.id);
  const before = (await countOf(puppet.id)) ?? 0;
  await api.messaging.updateRule({ ruleId: rule.id, replies: saying("变 0") });
  let isOver = false;
  const changes = (async () => {
    for (let round = 1; !isOver; round++)
      await api.messaging.updateRule({ ruleId: rule.id, replies: saying(`变 ${round}`) });
  })();
  const reports = [];
  for (let batch = 0; batch < 20; batch++) {
    reports.push(
      ...(await Promise.all(Array.from({ length: 10 }, () => shop.emulator.world.say(puppet.id, { text: "菜单" })))),
    );
  }
  isOver = true;
  await changes;
  const replies = reports.map(({ reply }) => JSON.stringify(reply));
  expect(replies.filter((reply) => !/"变 \d+"/.test(reply))).toEqual([]);
  expect(await countOf(puppet.id)).toBe(before + 200);
});

async function countOf(puppetId: string): Promise<number> {
  const { openid } = shop.emulator.world.chat(puppetId, shop.bound.appid);
  const { total = 0 } = await shop.owner.api.connect.listInbound({ openid });
  return total;
}

test("a token that another process changed is taken at once, and the old one no longer", async () => {
  const { bound, emulator } = shop;
  const puppet = emulator.world.createPuppet();
  await emulator.world.follow(puppet.id);
  const push = emulator.world.account(bound.appid).push!;
  for (let round = 0; round < 20; round++) {
    const token = `token${round}`;
    await elsewhere().connect.updateApp({ wechatAppId: bound.wechatAppId, pushToken: token });
    // WeChat checks the address with the new token: a refusal would throw here.
    await emulator.world.configurePush(bound.appid, {
      url: push.url,
      token,
      encodingAesKey: bound.encodingAesKey,
      mode: "safe",
      format: "xml",
    });
    const report = await emulator.world.say(puppet.id, { text: "菜单" });
    expect(report.outcome).toBe("answered");
  }
});
