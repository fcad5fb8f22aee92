import { request } from "node:http";
import { Extensions } from "@zhanggui/kit/server/extensions";
import { sign } from "@zhanggui/wechat/signature";
import { newId } from "@zhanggui/kit/contract/ids";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { Conversations, type Heard } from "./conversations.ts";
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

describe("while the worker is behind", () => {
  const since = Date.parse("2026-11-20T02:00:00.000Z");
  let n = 0;
  /** A message that was told, of one of three customers. */
  const told = (who: number, replyBy: string | null = null): Heard => {
    const at = new Date(since + ++n * 60_000);
    const message = { inboundId: newId(at), wechatAppId: tea.bound.wechatAppId, openid: `o-${who}`, kind: "text" };
    const payload = {
      ...message,
      channelId: null,
      text: `${n}`,
      replyBy,
      hasMore: false,
      leavesWaiting: false,
      sentAt: at.toISOString(),
    };
    return { payload, occurredAt: at };
  };
  const ctx = () => tea.server.runtime.ctx(tea.owner.tenantId);
  const talks = () => tea.server.app.get(Conversations);
  const rows = async () =>
    (await talks().rows(ctx()).orderBy("openid").execute()).map((row) => ({ ...row, id: "", answeredId: null }));
  const forget = () => ctx().tx((ctx) => ctx.db.deleteFrom("connect_conversation").execute());

  test("messages taken together, in any parts, some of them again, leave what they leave one by one: 200 rounds", async () => {
    const chance = seeded(7);
    for (let round = 0; round < 200; round++) {
      const all = Array.from({ length: 9 }, () => told(chance(3), chance(3) === 0 ? "test.rule" : null));
      for (const each of all) await ctx().tx((ctx) => talks().heard(ctx, [each]));
      const oneByOne = await rows();
      await forget();
      for (let from = 0; from < all.length;) {
        const to = from + 1 + chance(5);
        await ctx().tx((ctx) => talks().heard(ctx, all.slice(from, to)));
        // A part of them comes once more: it is known.
        from = to - (to < all.length && chance(4) === 0 ? 1 : 0);
      }
      expect(await rows()).toEqual(oneByOne);
      await forget();
    }
  });

  test("whether a reply was taken is judged the same, whichever is noted first: 200 rounds at once", async () => {
    const openid = { wechatAppId: tea.bound.wechatAppId, openid: "o-1" };
    const seen = new Set<string | undefined>();
    for (let round = 0; round < 200; round++) {
      const message = told(1, "test.rule");
      const { inboundId: id, kind, sentAt, replyBy } = message.payload;
      const times = { sentAt: new Date(sentAt), receivedAt: message.occurredAt };
      const row = { id, ...openid, ...times, dedupeKey: id, kind, content: {}, replyBy, traceId: "t".repeat(32) };
      await ctx().tx((ctx) => ctx.db.insertInto("connect_inbound").values(row).execute());
      const heard = () => ctx().tx((ctx) => talks().heard(ctx, [message]));
      const judged = async () => {
        // As a push that comes again does it: first what is known of the message, committed.
        await ctx().db.updateTable("connect_inbound").set({ repeats: 2 }).where("id", "=", id).execute();
        await ctx().tx((ctx) => talks().judge(ctx, openid, id));
      };
      const order = round % 3;
      if (order === 0) await heard();
      await Promise.all([judged(), ...(order === 1 ? [heard()] : [])]);
      if (order === 2) await heard();
      seen.add((await rows())[0]?.state);
    }
    expect([...seen]).toEqual(["waiting"]);
  });

  test("an answer settles what was said before it, whichever is noted first: 300 rounds at once", async () => {
    const by = { id: "an account", name: "清" };
    const isLateSeen = { before: 0, after: 0 };
    for (let round = 0; round < 300; round++) {
      const [first, unseen] = [told(1), told(1)];
      const answerId = newId(new Date(since + ++n * 60_000));
      const after = round % 2 === 0 ? [] : [told(1), told(1)];
      await ctx().tx((ctx) => talks().heard(ctx, [first]));
      const openid = { wechatAppId: tea.bound.wechatAppId, openid: "o-1" };
      await Promise.all([
        ctx().tx((ctx) => talks().answered(ctx, openid, { id: answerId, by, isDecided: false })),
        ctx().tx((ctx) => talks().heard(ctx, [unseen, ...after])),
      ]);
      const [row] = await rows();
      const last = after.at(-1) ?? unseen;
      expect(row).toMatchObject({ lastId: last.payload.inboundId, lastText: last.payload.text });
      if (after.length === 0) expect(row).toMatchObject({ state: "answered", settledBy: by.id, settledName: by.name });
      else expect(row).toMatchObject({ state: "waiting", settledBy: null, settledName: null });
      isLateSeen[after.length === 0 ? "before" : "after"] += 1;
      await forget();
    }
    expect(isLateSeen).toEqual({ before: 150, after: 150 });
  });
});

/** Whole numbers below a bound, the same ones each time. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}
