import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { Contacts } from "../audience/contacts.ts";
import { refusal } from "../../testing/refusal.ts";
import { signInCustomer } from "../../testing/customers.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { type MiniProgram, openMiniProgram } from "./testing/mini-program.ts";

/* From the dialogue on a phone to a message, and back: over the wire, as WeChat pushes it. */
let tea: TeaShop;
let mini: MiniProgram;
let puppetId: string;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  mini = await openMiniProgram(tea);
  puppetId = tea.emulator.world.createPuppet().id;
});
afterEach(() => tea.close());

const api = () => tea.owner.api.subscriptions;
const data = { character_string1: "A-17", thing2: "灯笼茶" };
/** Nobody answers two dialogues within a second: what WeChat pushes of both would be the same. */
async function says(answer: "accept" | "reject"): Promise<void> {
  tea.server.clock.advance(2_000);
  await tea.emulator.world.subscribe(puppetId, { appid: mini.appid, answers: { [mini.templateId]: answer } });
  await tea.settle();
}
async function only() {
  const { items } = await api().list({});
  expect(items).toHaveLength(1);
  return items[0]!;
}
const kinds = async () =>
  (await api().entries({ subscriptionId: (await only()).id })).items.map(({ kind }) => kind).toReversed();

test("what somebody accepted in the dialogue is theirs to be sent, once each, and is told in their story", async () => {
  await says("accept");
  await says("reject");
  await says("accept");
  const grant = await only();
  expect(grant).toMatchObject({ template: "取餐提醒", app: { name: "灯笼茶点单" }, state: "open", remaining: 2 });
  const personId = grant.person!.id;
  const story = (await tea.owner.api.audience.timeline({ personId })).items.map(({ kind, details }) => [kind, details]);
  expect(story).toEqual(Array(2).fill(["subscribed", { templates: "取餐提醒", count: 1 }]));
  expect(await api().ofPerson({ personId })).toMatchObject({ items: [{ id: grant.id, remaining: 2 }] });
  expect(await api().reach()).toMatchObject({ items: [{ title: "取餐提醒", people: 1, remaining: 2, refused: 0 }] });
  for (const left of [1, 0]) {
    const sent = await api().send({ subscriptionId: grant.id, data });
    expect(sent).toEqual({ outcome: "sent", msgId: expect.stringMatching(/^\d+$/) });
    expect(await only()).toMatchObject({ remaining: left, used: 2 - left });
  }
  expect(await refusal(api().send({ subscriptionId: grant.id, data }))).toMatchObject({
    code: "subscriptions.none_left",
  });
  await tea.settle();
  const told = ["granted", "rejected", "granted", "reserved", "used", "reserved", "used", "delivered", "delivered"];
  expect(await kinds()).toEqual(told);
  expect(await api().reach()).toMatchObject({ items: [{ people: 0, remaining: 0 }] });
});

test.each([
  ["again", { repeat: 3 }],
  ["several times at once", { repeat: 4, parallel: true }],
  ["again, since its answers got lost", { dropAnswers: 2 }],
])("a push that comes %s counts once", async (_how, how) => {
  tea.emulator.world.addFault({ target: "push", appid: mini.appid, count: 1, ...how });
  await says("accept");
  expect(await only()).toMatchObject({ remaining: 1 });
  expect(await kinds()).toEqual(["granted"]);
});

test("what WeChat refuses by its content gives the consent back; without one WeChat's word empties the grant", async () => {
  await says("accept");
  const { id: subscriptionId } = await only();
  expect(await refusal(api().send({ subscriptionId, data: { thing2: "灯笼茶" } }))).toMatchObject({
    code: "connect.wechat_refused",
    details: { errcode: 47003 },
  });
  expect(await only()).toMatchObject({ remaining: 1, used: 0 });
  const path = "/cgi-bin/message/subscribe/send";
  tea.server.clock.advance(2_000);
  tea.emulator.world.addFault({ target: "api", path, count: 1, errcode: 43101 });
  expect(await refusal(api().send({ subscriptionId, data }))).toMatchObject({ details: { errcode: 43101 } });
  expect(await only()).toMatchObject({ remaining: 0, used: 0, state: "spent" });
});

test("where WeChat doesn't answer, the message may have gone out, and counts as used", async () => {
  await says("accept");
  const { id: subscriptionId } = await only();
  const path = "/cgi-bin/message/subscribe/send";
  tea.emulator.world.addFault({ target: "api", path, count: 1, errcode: -1 });
  expect(await api().send({ subscriptionId, data })).toEqual({ outcome: "unknown", msgId: null });
  expect(await only()).toMatchObject({ remaining: 0, used: 1 });
  expect(await refusal(api().send({ subscriptionId, data }))).toMatchObject({ code: "subscriptions.none_left" });
});

test("the page's own report and WeChat's push of one dialogue count once, whichever comes first", async () => {
  const { tenantId } = tea.owner;
  const customer = await signInCustomer(tea.server, tea.emulator.world, { tenantId, address: "13800000077" });
  const { wechatAppId, templateId } = mini;
  const report = (dialogueId: string, answer: "accept" | "reject" | "ban" = "accept", secondsAgo = 0) =>
    customer.api.subscriptions.report({ wechatAppId, dialogueId, answers: { [templateId]: answer }, secondsAgo });
  expect(await refusal(report("dialogue-0"))).toMatchObject({ code: "subscriptions.openid_unknown" });
  const { code } = tea.emulator.world.login(puppetId, { appid: mini.appid });
  const answers = { [templateId]: "accept" as const };
  const first = { wechatAppId, dialogueId: "dialogue-1", answers };
  expect(await customer.api.subscriptions.report({ ...first, code })).toEqual({ noted: 1 });
  const { person, openid } = await only();
  await tea.server.app
    .get(Contacts, { strict: false })
    .same(tea.server.runtime.ctx(tenantId), customer.personId, person!.id);
  expect(await report("dialogue-1")).toEqual({ noted: 0 });
  await says("accept");
  expect(await only()).toMatchObject({ remaining: 1, openid });
  // The other way round, and a phone that was without a network meanwhile.
  tea.server.clock.advance(600_000);
  await says("accept");
  tea.server.clock.advance(1_800_000);
  expect(await report("dialogue-2", "accept", 1_810)).toEqual({ noted: 0 });
  expect(await report("dialogue-3", "ban")).toEqual({ noted: 0 });
  // Nobody pushed this one.
  expect(await report("dialogue-4")).toEqual({ noted: 1 });
  expect(await only()).toMatchObject({ remaining: 3 });
  expect(await kinds()).toEqual(["granted", "confirmed", "granted", "confirmed", "granted"]);
});

test("somebody else's business sees and sends nothing", async () => {
  await says("accept");
  const { id: subscriptionId } = await only();
  const stranger = await tea.server.asOwner();
  expect((await stranger.api.subscriptions.list({})).items).toEqual([]);
  expect(await stranger.api.subscriptions.reach()).toEqual({ items: [] });
  expect(await refusal(stranger.api.subscriptions.send({ subscriptionId, data }))).toMatchObject({
    code: "kit.not_found",
  });
});
