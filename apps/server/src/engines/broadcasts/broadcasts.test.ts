import { sendAccountEvent } from "@zhanggui/emulator/world/events";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { shortFilm } from "../materials/testing/films.ts";

/* One message to many: what was counted, what was sent, what WeChat reports, and that the difference is zero. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const minuteMs = 60_000;
const wechatAppId = () => tea.bound.wechatAppId;
const api = () => tea.owner.api.broadcasts;
const text = () =>
  ({ name: "新茶", wechatAppId: wechatAppId(), audience: "all", message: "text", text: "明前龙井到店" }) as const;

async function followers(count: number): Promise<string[]> {
  const puppets = Array.from({ length: count }, () => tea.emulator.world.createPuppet());
  for (const { id } of puppets) await tea.emulator.world.follow(id);
  await tea.settle();
  return puppets.map(({ id }) => id);
}
async function peopleWithTag(count: number): Promise<{ puppets: string[]; tagId: string }> {
  const puppets = await followers(count);
  const { items } = await tea.owner.api.audience.listPeople({});
  for (const { id } of items) await tea.owner.api.audience.addTag({ personId: id, name: "常客" });
  const [tag] = (await tea.owner.api.audience.listTags({})).items;
  return { puppets, tagId: tag!.id };
}
async function send(given: Parameters<TeaShop["owner"]["api"]["broadcasts"]["create"]>[0]): Promise<string> {
  const { id: broadcastId } = await api().create(given);
  const { people } = await api().count({ broadcastId });
  await api().send({ broadcastId, people });
  return broadcastId;
}
const got = (puppetId: string) =>
  tea.emulator.world
    .chat(puppetId)
    .chat.filter(({ via }) => via === "mass")
    .map(({ content }) => (content.kind === "text" ? content.text : content.kind));
const massCalls = () => tea.emulator.world.journal({ kind: "api" }).filter(({ url }) => /mass\/send/.test(url)).length;

test("all followers get it once, and what was counted is what WeChat reports", async () => {
  const puppets = await followers(3);
  const broadcastId = await send(text());
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sending", people: 3, total: 0, difference: 0 });
  await tea.settle();
  const sent = await api().get({ broadcastId });
  expect(sent).toMatchObject({ state: "sent", people: 3, sent: 3, failed: 0, leftOut: 0, difference: 0 });
  expect(sent.parts).toMatchObject([{ number: 1, state: "done", status: "send success", isPolled: false }]);
  expect(sent.sentBy?.id).toBe(tea.owner.accountId);
  for (const puppet of puppets) expect(got(puppet)).toEqual(["明前龙井到店"]);
});

test("followers whom WeChat leaves out, and those who have had their four of the month, are told apart", async () => {
  const [blocked] = await followers(3);
  const { openid } = tea.emulator.world.chat(blocked!);
  tea.emulator.world.state.bondByOpenid(tea.bound.appid, openid)!.isBlocked = true;
  for (let n = 0; n < 4; n += 1) {
    await send({ ...text(), name: `第 ${n}`, text: `第 ${n} 次` });
    await tea.settle();
  }
  const broadcastId = await send({ ...text(), text: "第五次" });
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({
    state: "sent",
    people: 2,
    sent: 0,
    failed: 2,
    leftOut: 1,
    difference: -1,
  });
});

test("those who have our tag get it by their openids, and nobody else", async () => {
  const { puppets, tagId } = await peopleWithTag(3);
  const [later] = await followers(1);
  const broadcastId = await send({ ...text(), audience: "tag", tagId });
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sent", people: 3, sent: 3, difference: 0 });
  for (const puppet of puppets) expect(got(puppet)).toHaveLength(1);
  expect(got(later!)).toEqual([]);
});

test("those who have WeChat's tag get it", async () => {
  const puppets = await followers(2);
  const account = tea.emulator.world.account(tea.bound.appid);
  account.tags.push({ id: 100, name: "贵客" });
  const bond = tea.emulator.world.state.bondByOpenid(account.appid, tea.emulator.world.chat(puppets[0]!).openid)!;
  bond.tagIds = [100];
  const [tag] = (await api().wechatTags()).items.filter(({ name }) => name === "贵客");
  expect(tag).toMatchObject({ name: "贵客", people: 1, app: { name: "灯笼茶" } });
  await send({ ...text(), audience: "wechat_tag", wechatTag: tag!.id });
  await tea.settle();
  expect(puppets.map(got)).toEqual([["明前龙井到店"], []]);
  const other = `${crypto.randomUUID()}:100`;
  expect(await refusal(api().create({ ...text(), audience: "wechat_tag", wechatTag: other }))).toMatchObject({
    code: "broadcasts.tag_of_other",
  });
});

test.each(["late", "twice", "before the answer is stored"])("a report that comes %s counts once", async (how) => {
  const [puppet] = await followers(2);
  const account = tea.emulator.world.account(tea.bound.appid);
  if (how === "twice")
    tea.emulator.world.addFault({ target: "push", what: "MASSSENDJOBFINISH", count: 1, repeat: 3, parallel: true });
  const broadcastId = await send(text());
  if (how === "late") {
    tea.emulator.world.addFault({ target: "push", what: "MASSSENDJOBFINISH", count: 1, holdFor: 1 });
    await tea.server.runUntilIdle();
    expect(await api().get({ broadcastId })).toMatchObject({ state: "sending" });
    await tea.emulator.world.say(puppet!, { text: "在吗", appid: account.appid });
  }
  await tea.settle();
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sent", people: 2, sent: 2, difference: 0 });
});

test("a report that is lost is asked for, and says so; one that comes after all is better", async () => {
  const puppets = await followers(2);
  const account = tea.emulator.world.account(tea.bound.appid);
  const url = account.push!.url;
  account.push!.url = "http://127.0.0.1:9/";
  const broadcastId = await send(text());
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sending" });
  tea.server.clock.advance(16 * minuteMs);
  await tea.server.runtime.runSchedule("broadcasts.ask_results");
  const polled = await api().get({ broadcastId });
  expect(polled).toMatchObject({ state: "sent", people: 2, sent: 2, difference: 0 });
  expect(polled.parts).toMatchObject([{ isPolled: true, status: "SEND_SUCCESS" }]);
  account.push!.url = url;
  const { msgId } = polled.parts[0]!;
  sendAccountEvent(tea.emulator.world.state, account, "MASSSENDJOBFINISH", [
    { name: "MsgID", number: msgId! },
    { name: "Status", text: "send success" },
    { name: "TotalCount", number: "2" },
    { name: "FilterCount", number: "2" },
    { name: "SentCount", number: "1" },
    { name: "ErrorCount", number: "1" },
  ]);
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ sent: 1, failed: 1, parts: [{ isPolled: false }] });
  for (const puppet of puppets) expect(got(puppet)).toHaveLength(1);
});

test("an answer that is lost is asked for again with the same key: nobody gets it twice", async () => {
  const [puppet] = await followers(2);
  const path = "/cgi-bin/message/mass/sendall";
  tea.emulator.world.addFault({ target: "api", path, count: 1, drop: "after" });
  const broadcastId = await send(text());
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sending", parts: [{ state: "asking" }] });
  // Too soon for WeChat, then in time.
  for (let n = 0; n < 3; n += 1) {
    tea.server.clock.advance(61_000);
    await tea.settle();
  }
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sent", sent: 2, difference: 0 });
  expect(massCalls()).toBe(2);
  expect(got(puppet!)).toHaveLength(1);
});

test("a draft that is changed while it is counted doesn't go, to nobody", async () => {
  const puppets = await followers(3);
  const account = tea.emulator.world.account(tea.bound.appid);
  account.tags.push({ id: 100, name: "贵客" });
  const bond = tea.emulator.world.state.bondByOpenid(account.appid, tea.emulator.world.chat(puppets[0]!).openid)!;
  bond.tagIds = [100];
  const wechatTag = `${wechatAppId()}:100`;
  const { id: broadcastId } = await api().create({ ...text(), audience: "wechat_tag", wechatTag });
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/tags/get", count: 1, delayMs: 700 });
  const sending = api().send({ broadcastId, people: 1 });
  // It has been read, and WeChat is being asked.
  await expect.poll(() => tea.emulator.world.faults()).toEqual([]);
  await api().update({ ...text(), broadcastId, text: "另一句" });
  expect(await refusal(sending)).toMatchObject({ code: "kit.conflict" });
  await tea.settle();
  expect(puppets.map(got)).toEqual([[], [], []]);
});

test("after a day WeChat knows the key no more: what may have gone out isn't sent again", async () => {
  const [puppet] = await followers(2);
  const path = "/cgi-bin/message/mass/sendall";
  tea.emulator.world.addFault({ target: "api", path, count: 1, drop: "after" });
  const broadcastId = await send(text());
  await tea.settle();
  tea.server.clock.advance(25 * 3_600_000);
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "unknown", parts: [{ state: "unknown" }] });
  expect(got(puppet!)).toHaveLength(1);
});

test("a part whose every try died is no longer said to be under way", async () => {
  const [puppet] = await followers(2);
  const path = "/cgi-bin/message/mass/sendall";
  tea.emulator.world.addFault({ target: "api", path, count: 1, drop: "after" });
  const broadcastId = await send(text());
  await tea.settle();
  await tea.server.runtime.unscopedDb().deleteFrom("kit_task").where("queue", "=", "broadcasts.parts").execute();
  tea.server.clock.advance(24 * 3_600_000);
  await tea.server.runtime.runSchedule("broadcasts.ask_results");
  expect(await api().get({ broadcastId })).toMatchObject({ state: "unknown", parts: [{ state: "unknown" }] });
  expect(got(puppet!)).toHaveLength(1);
});

test("what certainly wasn't sent has failed, and is never called unknown", async () => {
  const [puppet] = await followers(2);
  const { id: broadcastId } = await api().create(text());
  const { people } = await api().count({ broadcastId });
  await api().send({ broadcastId, people });
  await tea.owner.api.connect.updateApp({ wechatAppId: wechatAppId(), enabled: false });
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "failed", parts: [{ state: "failed" }] });
  expect(got(puppet!)).toEqual([]);
});

test("what WeChat refuses fails with its reason", async () => {
  await followers(2);
  const path = "/cgi-bin/message/mass/sendall";
  tea.emulator.world.addFault({ target: "api", path, count: 1, errcode: 45028 });
  const broadcastId = await send(text());
  await tea.settle();
  const failed = await api().get({ broadcastId });
  expect(failed).toMatchObject({ state: "failed", parts: [{ state: "failed", zh: expect.stringContaining("45028") }] });
});

test("what certainly didn't go out can be sent again, to as many as were shown, and once", async () => {
  const { puppets, tagId } = await peopleWithTag(2);
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/message/mass/send", count: 1, errcode: 45028 });
  const broadcastId = await send({ ...text(), audience: "tag", tagId });
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "failed", resendable: 2, tag: { name: "常客" } });
  expect(await refusal(api().resend({ broadcastId, people: 3 }))).toMatchObject({ code: "broadcasts.count_changed" });
  const both = await Promise.allSettled([1, 2].map(() => api().resend({ broadcastId, people: 2 })));
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sending", resendable: 0, endedAt: null });
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sent", sent: 2, difference: 0 });
  for (const puppet of puppets) expect(got(puppet)).toEqual(["明前龙井到店"]);
  expect(await refusal(api().resend({ broadcastId, people: 2 }))).toMatchObject({
    code: "broadcasts.nothing_to_resend",
  });
});

test.each(["all", "wechat_tag"] as const)(
  "of %s those are counted again who are there when it is sent again",
  async (audience) => {
    const account = tea.emulator.world.account(tea.bound.appid);
    account.tags.push({ id: 100, name: "贵客" });
    const join = async (count: number) => {
      for (const puppet of await followers(count)) {
        const { openid } = tea.emulator.world.chat(puppet);
        tea.emulator.world.state.bondByOpenid(account.appid, openid)!.tagIds = [100];
      }
    };
    await join(2);
    const wechatTag = (await api().wechatTags()).items.find(({ name }) => name === "贵客")!.id;
    tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/message/mass/sendall", count: 1, errcode: 45028 });
    const broadcastId = await send({ ...text(), ...(audience === "all" ? {} : { audience, wechatTag }) });
    await tea.settle();
    expect(await api().get({ broadcastId })).toMatchObject({ state: "failed", people: 2, resendable: 2 });
    await join(5);
    expect(await refusal(api().resend({ broadcastId, people: 2 }))).toMatchObject({ code: "broadcasts.count_changed" });
    expect(await api().get({ broadcastId })).toMatchObject({ state: "failed", people: 7, resendable: 7 });
    expect(massCalls()).toBe(1);
    await api().resend({ broadcastId, people: 7 });
    await tea.settle();
    expect(await api().get({ broadcastId })).toMatchObject({ state: "sent", people: 7, sent: 7, difference: 0 });
  },
);

test("what may have gone out is unknown though it was refused later, and isn't sent again", async () => {
  const [puppet] = await followers(2);
  const path = "/cgi-bin/message/mass/sendall";
  tea.emulator.world.addFault({ target: "api", path, count: 1, drop: "after" });
  const broadcastId = await send(text());
  await tea.settle();
  tea.emulator.world.addFault({ target: "api", path, count: 1, errcode: 45028 });
  tea.server.clock.advance(61_000);
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "unknown", resendable: 0 });
  expect(await refusal(api().resend({ broadcastId, people: 2 }))).toMatchObject({
    code: "broadcasts.nothing_to_resend",
  });
  expect(got(puppet!)).toHaveLength(1);
});

test("however many stay silent, each is asked about in its turn", async () => {
  await followers(2);
  const account = tea.emulator.world.account(tea.bound.appid);
  account.push!.url = "http://127.0.0.1:9/";
  const broadcastId = await send(text());
  await tea.settle();
  const ctx = tea.server.runtime.ctx(tea.owner.tenantId);
  // Fifty that WeChat knows nothing of, taken before it.
  await ctx.sql`
    INSERT INTO broadcasts_part (broadcast_id, wechat_app_id, number, people, state, msg_id, accepted_at)
    SELECT broadcast_id, wechat_app_id, 100 + n, 1, 'accepted', 'lost-' || n, accepted_at - interval '1 hour'
    FROM broadcasts_part, generate_series(1, 50) n`;
  tea.server.clock.advance(16 * minuteMs);
  for (let turn = 0; turn < 2; turn += 1) {
    await tea.server.runtime.runSchedule("broadcasts.ask_results");
    tea.server.clock.advance(5 * minuteMs);
  }
  const own = ctx.db.selectFrom("broadcasts_part").select("state").where("broadcastId", "=", broadcastId);
  expect(await own.where("number", "=", 1).execute()).toEqual([{ state: "done" }]);
});

test("a number that has changed since it was shown is shown again; two who send at once send once", async () => {
  await followers(2);
  const { id: broadcastId } = await api().create(text());
  expect(await api().count({ broadcastId })).toEqual({ people: 2, calls: 1 });
  await followers(1);
  expect(await refusal(api().send({ broadcastId, people: 2 }))).toMatchObject({
    code: "broadcasts.count_changed",
    details: { shown: 2, people: 3 },
  });
  const both = await Promise.allSettled([
    api().send({ broadcastId, people: 3 }),
    api().send({ broadcastId, people: 3 }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  await tea.settle();
  expect(massCalls()).toBe(1);
  expect(await refusal(api().update({ ...text(), broadcastId }))).toMatchObject({ code: "kit.conflict" });
  expect(await refusal(api().delete({ broadcastId }))).toMatchObject({ code: "kit.conflict" });
});

test("a video of the library is refused before WeChat could; one from disk is sent, and taken down", async () => {
  const [puppet] = await followers(2);
  const film = { name: "采茶.mp4", stream: shortFilm, contentType: "video/mp4" };
  const { id: fileId } = await tea.owner.api.files.upload(film);
  const upload = { wechatAppId: wechatAppId(), fileId };
  const listed = await tea.owner.api.materials.upload({ ...upload, kind: "video" });
  const given = { ...text(), message: "material", text: undefined } as const;
  expect(await refusal(api().create({ ...given, materialId: listed.id }))).toMatchObject({
    code: "broadcasts.not_sendable",
    errors: [{ field: "materialId" }],
  });
  const fromDisk = await tea.owner.api.materials.upload({ ...upload, kind: "mass_video" });
  const broadcastId = await send({ ...given, materialId: fromDisk.id });
  await tea.settle();
  expect(await api().get({ broadcastId })).toMatchObject({ state: "sent", sent: 2 });
  expect(got(puppet!)).toEqual(["media"]);
  expect(tea.emulator.world.journal({ kind: "api" }).filter(({ errcode }) => errcode === 40007)).toEqual([]);
  expect(await api().takeDown({ broadcastId })).toMatchObject({ state: "taken_down" });
  const expired = await api().create({ ...given, materialId: fromDisk.id });
  tea.server.clock.advance(3 * 86_400_000);
  expect(await refusal(api().send({ broadcastId: expired.id, people: 2 }))).toMatchObject({
    code: "broadcasts.not_sendable",
  });
});

test("a preview reaches one follower, and counts for nothing", async () => {
  const [puppet] = await followers(2);
  const { id: broadcastId } = await api().create(text());
  const { openid } = tea.emulator.world.chat(puppet!);
  const [person] = (await tea.owner.api.audience.listPeople({ search: openid })).items;
  await api().preview({ broadcastId, personId: person!.id });
  expect(got(puppet!)).toEqual(["明前龙井到店"]);
  await tea.emulator.world.unfollow(puppet!);
  await tea.settle();
  expect(await refusal(api().preview({ broadcastId, personId: person!.id }))).toMatchObject({
    code: "broadcasts.not_following",
  });
  expect(await api().get({ broadcastId })).toMatchObject({ state: "draft", people: 0 });
});

test("whoever may write but not send can't", async () => {
  await followers(1);
  const writer = await tea.server.asHolderOf(["broadcasts:read", "broadcasts:write"], tea.owner);
  const { id: broadcastId } = await writer.api.broadcasts.create(text());
  expect(await refusal(writer.api.broadcasts.send({ broadcastId, people: 1 }))).toMatchObject({ status: 403 });
});
