import { request } from "node:http";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { sign } from "@zhanggui/wechat/signature";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { responder } from "./responders.ts";

/* Who wrote, whose word something is, and what became of the replies that were given at once. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

async function follower() {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(puppet.id);
  await tea.settle();
  return { id: puppet.id, openid: tea.emulator.world.chat(puppet.id).openid };
}
const inbound = async (openid: string) => (await tea.owner.api.connect.listInbound({ openid })).items;
const waiting = async () => (await tea.owner.api.audience.getFigures()).waiting.count;
async function story(openid: string) {
  const [person] = (await tea.owner.api.audience.listPeople({ search: openid })).items;
  return (await tea.owner.api.audience.timeline({ personId: person!.id })).items;
}

test("a reply that WeChat asked for three times was perhaps not delivered, wherever it is shown, and its customer waits", async () => {
  const { id, openid } = await follower();
  tea.emulator.world.addFault({ target: "push", dropAnswers: 3 });
  await tea.emulator.world.say(id, { text: "菜单" });
  await tea.settle();
  expect((await inbound(openid))[0]).toMatchObject({ repeats: 2, replyState: "doubtful" });
  expect((await story(openid))[0]).toMatchObject({ kind: "wrote", reply: { state: "doubtful" } });
  await expect.poll(waiting).toBe(1);
  const [talk] = (await tea.owner.api.messaging.listConversations({ search: openid })).items;
  const thread = await tea.owner.api.messaging.readThread({ conversationId: talk!.id });
  expect(thread.items[0]!.autoReply).toMatchObject({ rule: "菜单", state: "doubtful" });
});

test("one that it took at the second try was delivered, and has answered them", async () => {
  const { id, openid } = await follower();
  tea.emulator.world.addFault({ target: "push", dropAnswers: 1 });
  await tea.emulator.world.say(id, { text: "菜单" });
  await tea.settle();
  expect((await inbound(openid))[0]).toMatchObject({ repeats: 1, replyState: "taken" });
  const entries = await story(openid);
  expect(entries.map(({ kind, reply }) => [kind, reply?.state])).toEqual([
    ["wrote", "taken"],
    ["followed", "taken"],
  ]);
  expect(await waiting()).toBe(0);
});

test("one whose connection closed before it was written was perhaps not delivered, until a later try takes it", async () => {
  await tea.owner.api.connect.updateApp({ wechatAppId: tea.bound.wechatAppId, mode: "plain" });
  const closed = Promise.withResolvers<void>();
  const http = tea.server.app.getHttpServer();
  http.on("connection", (socket) => socket.once("close", () => closed.resolve()));
  let hangUp: (() => void) | undefined;
  const late = responder(async () => async () => {
    if (hangUp === undefined) return undefined;
    hangUp();
    await closed.promise;
    return { reply: { type: "text", content: "在的" }, by: "test.late" };
  });
  tea.server.app.get(Extensions).add("test.late", late);
  const now = Math.floor(tea.server.clock.now().getTime() / 1000);
  await pushOnce(now, (end) => (hangUp = end));
  const item = async () => (await inbound("oTalk"))[0];
  await expect.poll(async () => (await item())?.replyState).toBe("doubtful");
  await tea.settle();
  expect(await waiting()).toBe(1);
  await pushOnce(now, () => (hangUp = undefined));
  await expect.poll(async () => (await item())?.replyState).toBe("taken");
  await tea.settle();
  await expect.poll(waiting).toBe(0);
});

/** One try of a push in the open; ends with the answer, or when `hangUp` was called. */
function pushOnce(now: number, whenSent: (hangUp: () => void) => void): Promise<void> {
  const [timestamp, nonce] = [String(now), "7"];
  const query = new URLSearchParams({ timestamp, nonce, signature: sign(tea.bound.pushToken, timestamp, nonce) });
  const xml = `<xml><ToUserName>gh_tea</ToUserName><FromUserName>oTalk</FromUserName><CreateTime>${now}</CreateTime>
    <MsgType>text</MsgType><Content>在吗</Content><MsgId>24705611300000001</MsgId></xml>`;
  return new Promise((resolve) => {
    const url = `${tea.server.url}/api/wechat/callback/${tea.bound.wechatAppId}?${query}`;
    const headers = { "content-type": "text/xml" };
    const sent = request(url, { method: "POST", agent: false, headers }, (answer) =>
      answer.resume().on("end", () => resolve()),
    );
    sent.on("error", () => resolve());
    whenSent(() => sent.destroy());
    sent.end(xml);
  });
}

test("messages, actions and receipts are told apart, and the list is narrowed to any of them", async () => {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.emulator.world.say(puppet.id, { text: "在吗" });
  await tea.emulator.world.sendImage(puppet.id, {});
  await tea.settle();
  const kinds = async (...origin: ("message" | "event" | "receipt")[]) =>
    (await tea.owner.api.connect.listInbound({ origin })).items.map((item) => [item.kind, item.origin]);
  expect(await kinds("message")).toEqual([
    ["image", "message"],
    ["text", "message"],
  ]);
  expect(await kinds("receipt")).toEqual([["event:TEMPLATESENDJOBFINISH", "receipt"]]);
  expect(await kinds("event")).toEqual([["event:subscribe", "event"]]);
  expect(await kinds("message", "receipt")).toHaveLength(3);
});

test("messages that come together leave each customer what they said last, and since when they wait", async () => {
  const puppets = [await follower(), await follower()];
  await Promise.all(
    puppets.flatMap(({ id }) => ["一", "菜单", "二"].map((text) => tea.emulator.world.say(id, { text }))),
  );
  await tea.settle();
  for (const { openid } of puppets) {
    const [last] = (await inbound(openid)).filter(({ origin }) => origin === "message");
    const [talk] = (await tea.owner.api.messaging.listConversations({ search: openid })).items;
    expect(talk).toMatchObject({ lastMessageId: last!.id, lastText: last!.content["Content"] });
    expect(talk!.state).toBe(last!.content["Content"] === "菜单" ? "answered" : "waiting");
  }
});
