import { newId } from "@zhanggui/kit/contract/ids";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "../../../testing/tea-shop.ts";
import { messageReceived } from "../../connect/connect.events.ts";

let tea: TeaShop;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  // What would be sent because of the messages is not looked at here, and takes most of the time.
  const { items } = await tea.owner.api.messaging.listScenes();
  for (const { id, version, name, trigger, channelId, items: sent } of items) {
    const off = { sceneId: id, version, name, trigger, channelId, items: sent, enabled: false };
    await tea.owner.api.messaging.updateScene(off);
  }
});
afterAll(() => tea.close());

interface Sent {
  readonly kind: string;
  readonly channelId: string | null;
  /** After the first, by WeChat's time, which knows whole seconds only. */
  readonly second: number;
}

/** What becomes of a stranger whose messages were sent, and came in, as given, but are handled in `order`. */
async function personAfter(name: string, sent: readonly Sent[], order: readonly number[]) {
  const { server, owner, bound } = tea;
  const openid = `o-${name}-${order.join("")}`;
  const start = Math.floor(server.clock.now().getTime() / 1000) * 1000;
  const messages = sent.map(({ kind, channelId, second }) => ({
    inboundId: newId(server.clock.now()),
    wechatAppId: bound.wechatAppId,
    openid,
    kind,
    channelId,
    text: null,
    replyBy: null,
    hasMore: false,
    leavesWaiting: false,
    sentAt: new Date(start + second * 1000).toISOString(),
  }));
  for (const index of order) {
    await server.runtime.ctx(owner.tenantId).tx((ctx) => ctx.emit(messageReceived, messages[index]!));
    await server.runUntilIdle();
  }
  const { items } = await owner.api.audience.listPeople({ search: openid });
  const { tags, identities, firstSeenAt, lastSeenAt, following, channelName } = await owner.api.audience.getPerson({
    personId: items[0]!.id,
  });
  const timeline = await owner.api.audience.timeline({ personId: items[0]!.id });
  const secondOf = (at: string) => (Date.parse(at) - start) / 1000;
  return {
    firstSeen: secondOf(firstSeenAt),
    lastSeen: secondOf(lastSeenAt),
    following,
    channelName,
    identities: identities.map((each) => each.following),
    tags: tags.map((tag) => tag.name).toSorted(),
    // When we came to know of a tag is not WeChat's story.
    story: timeline.items
      .filter(({ kind }) => kind !== "tag_added")
      .map(({ kind, details, at }) => `${secondOf(at)} ${kind} ${JSON.stringify(details)}`)
      .toSorted(),
  };
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((each) => each !== item)).map((rest) => [item, ...rest]));
}

async function secondChannel(name: string): Promise<string> {
  const leader = { leaderName: "阿青", leaderMail: "qing@lantern-tea.example" };
  return (await tea.owner.api.connect.createChannel({ wechatAppId: tea.bound.wechatAppId, name, ...leader })).id;
}

test("four messages handled in any of the twenty-four orders make the same person", async () => {
  const poster = tea.bound.channel.id;
  const sent = [
    { kind: "event:subscribe", channelId: poster, second: 0 },
    { kind: "event:unsubscribe", channelId: null, second: 60 },
    { kind: "event:subscribe", channelId: await secondChannel("茶会"), second: 120 },
    { kind: "event:SCAN", channelId: await secondChannel("外卖袋"), second: 180 },
  ];
  const inOrder = await personAfter("any-order", sent, [0, 1, 2, 3]);
  expect(inOrder).toMatchObject({ firstSeen: 0, lastSeen: 180, following: true, channelName: "门店海报" });
  expect(inOrder.tags).toEqual(["外卖袋", "茶会", "门店海报"]);
  for (const order of permutations([0, 1, 2, 3]).slice(1)) {
    expect(await personAfter("any-order", sent, order), order.join()).toEqual(inOrder);
  }
});

test("of two codes scanned within one second, the message that came in first tells who brought them", async () => {
  const sent = [
    { kind: "event:SCAN", channelId: await secondChannel("菜单卡"), second: 0 },
    { kind: "event:SCAN", channelId: tea.bound.channel.id, second: 0 },
  ];
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    expect(await personAfter("same-second", sent, order), order.join()).toMatchObject({ channelName: "菜单卡" });
  }
});
