import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { saying } from "../../testing/lantern-tea.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";

/* Cards of mini-programs in answers: whoever writes one chooses a mini-program, never a media_id. */
let tea: TeaShop;
let miniProgramId: string;
let miniAppId: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  const { appid: appId, secret: appSecret } = tea.emulator.world.createAccount({ name: "点单", kind: "miniprogram" });
  const app = { name: "点单", appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  ({ id: miniProgramId, appId: miniAppId } = await tea.owner.api.connect.bindApp(app));
  await tea.settle();
});
afterAll(() => tea.close());

async function newcomer() {
  const puppet = tea.emulator.world.createPuppet();
  await tea.emulator.world.follow(puppet.id, { appid: tea.bound.appid });
  await tea.settle();
  const { openid } = tea.emulator.world.chat(puppet.id, tea.bound.appid);
  const say = (text: string) => tea.emulator.world.say(puppet.id, { appid: tea.bound.appid, text });
  return { puppet, openid, say };
}
/** What the phone shows, cards only. */
const shown = (puppetId: string) =>
  tea.emulator.world
    .chat(puppetId, tea.bound.appid)
    .chat.flatMap(({ content }) => (content.kind === "card" ? [content] : []));
const talkOf = async (openid: string) =>
  (await tea.owner.api.messaging.listConversations({ search: openid })).items[0]!;

test("a rule sends the card, with its own title or the card's, and with the picture that is there by then", async () => {
  const { api } = tea.owner;
  const common = { on: "keyword", match: "exact" } as const;
  await api.messaging.createRule({
    name: "点单",
    ...common,
    keywords: ["点单"],
    replies: [...saying("请点这里"), { type: "card", miniProgramId }],
  });
  const own = { type: "card", miniProgramId, cardTitle: "春茶上新", cardPage: "pages/new" } as const;
  await api.messaging.createRule({ name: "春茶", ...common, keywords: ["春茶"], replies: [own] });
  const [card] = (await api.materials.listCards()).items;
  await api.materials.updateCard({ cardId: card!.id, title: "来点单" });
  const [picture] = (await api.materials.list({ kind: ["image"] })).items;
  await api.materials.delete({ materialId: picture!.id });
  await tea.settle();
  const { puppet, say } = await newcomer();
  expect((await say("点单")).reply).toMatchObject({ text: "请点这里" });
  await say("春茶");
  await tea.settle();
  expect(shown(puppet.id)).toMatchObject([
    { title: "来点单", appid: miniAppId, pagepath: "pages/index/index" },
    { title: "春茶上新", appid: miniAppId, pagepath: "pages/new" },
  ]);
});

test("somebody who answers sends it, too", async () => {
  const { api } = tea.owner;
  const { puppet, openid, say } = await newcomer();
  await say("怎么点单？");
  await tea.settle();
  const { id: conversationId } = await talkOf(openid);
  const none = await refusal(api.messaging.reply({ conversationId, lastReplyId: null }));
  expect(none).toMatchObject({ code: "kit.invalid_input" });
  await api.messaging.reply({ conversationId, miniProgramId, lastReplyId: null });
  await tea.settle();
  expect(shown(puppet.id)).toMatchObject([{ title: "来点单", appid: miniAppId }]);
  expect(await talkOf(openid)).toMatchObject({ state: "answered" });
});

test("a rule takes no account for a mini-program, and a mini-program's own rule no card", async () => {
  const { api } = tea.owner;
  const rule = { name: "x", on: "keyword", keywords: ["x"], match: "exact" } as const;
  const refused = (given: object) => refusal(api.messaging.createRule({ ...rule, ...given } as never));
  const wrong = { type: "card", miniProgramId: tea.bound.wechatAppId };
  expect(await refused({ replies: [wrong] })).toMatchObject({
    code: "kit.not_found",
    errors: [{ field: "replies.0.miniProgramId" }],
  });
  const card = { type: "card", miniProgramId };
  expect(await refused({ wechatAppId: miniProgramId, replies: [card] })).toMatchObject({
    code: "messaging.not_in_mini_programs",
  });
});

test("a card that can't be sent is left out with its reason, and whoever asked still waits", async () => {
  const { api } = tea.owner;
  const { puppet, openid, say } = await newcomer();
  await api.connect.unbindApp({ wechatAppId: miniProgramId });
  await say("春茶");
  await tea.settle();
  expect(shown(puppet.id)).toEqual([]);
  const { items } = await api.messaging.listDeliveries({});
  expect(items[0]).toMatchObject({ state: "suppressed" });
  const told = await api.messaging.getDelivery({ deliveryId: items[0]!.id });
  expect(JSON.stringify(told)).toContain("小程序卡片还没有做好");
  const talk = await talkOf(openid);
  expect(talk).toMatchObject({ state: "waiting" });
  const refused = await refusal(api.messaging.reply({ conversationId: talk.id, miniProgramId, lastReplyId: null }));
  expect(refused).toMatchObject({ code: "messaging.card_not_made" });
});
