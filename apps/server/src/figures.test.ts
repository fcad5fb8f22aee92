import { figureDays, type DailyFigures } from "@zhanggui/kit/contract/figures";
import { addDays } from "@zhanggui/kit/contract/day";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { openTeaShop, type TeaShop } from "./testing/tea-shop.ts";

/* What the console's home shows of each module, by the clock of the tenant. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

/** Turns the clock to a moment. */
function at(moment: string): void {
  tea.server.clock.offsetMs = Date.parse(moment) - Date.now();
}

async function write(text: string, puppet = tea.emulator.world.createPuppet()) {
  const { world } = tea.emulator;
  const { appid } = tea.bound;
  if (!world.chat(puppet.id, appid).following) await world.follow(puppet.id, { appid });
  await world.say(puppet.id, { appid, text });
  await tea.settle();
  return puppet;
}

/** The days on which there was something. */
const filled = ({ days }: DailyFigures) =>
  Object.fromEntries(days.filter(({ count }) => count > 0).map(({ day, count }) => [day, count]));
const figures = async (who = tea.owner) => ({
  ...(await who.api.connect.getFigures()),
  ...(await who.api.audience.getFigures()),
  ...(await who.api.messaging.getFigures()),
});

test("days begin and end by the tenant's clock, and today is the last of thirty", async () => {
  at("2026-10-17T15:59:30.000Z");
  await write("before midnight in Shanghai");
  at("2026-10-17T16:00:30.000Z");
  await write("after it");
  const shanghai = await figures();
  for (const name of ["messages", "followed", "newPeople"] as const) {
    expect(filled(shanghai[name]), name).toEqual({ "2026-10-17": 1, "2026-10-18": 1 });
    expect(shanghai[name].days.map(({ day }) => day)).toEqual(
      Array.from({ length: figureDays }, (_, index) => addDays("2026-10-18", index + 1 - figureDays)),
    );
  }
  await zoned("Asia/Kathmandu");
  expect(filled((await figures()).messages)).toEqual({ "2026-10-17": 2 });
  expect((await figures()).messages.days.at(-1)).toEqual({ day: "2026-10-17", count: 2 });
});

async function zoned(zone: string): Promise<void> {
  const db = tea.server.runtime.unscopedDb();
  await db.updateTable("access_tenant").set({ zone }).where("id", "=", tea.owner.tenantId).execute();
}

test("a day on which the clock was put back has twenty-five hours", async () => {
  await zoned("Europe/Berlin");
  at("2026-10-24T22:30:00.000Z");
  await write("half past midnight");
  at("2026-10-25T22:30:00.000Z");
  await write("half past eleven in the evening, an hour later than a day");
  at("2026-10-25T23:30:00.000Z");
  await write("the next day");
  expect(filled((await figures()).messages)).toEqual({ "2026-10-25": 2, "2026-10-26": 1 });
});

test("what is usual is the mean of this weekday in the weeks before, up to this time, as far back as there was anything", async () => {
  at("2026-10-01T02:00:00.000Z");
  expect((await figures()).messages.usual).toBeNull();
  await write("a Thursday morning");
  at("2026-10-01T12:00:00.000Z");
  for (const text of ["in the evening", "and again"]) await write(text);
  at("2026-10-08T02:00:00.000Z");
  await write("the next Thursday, in the morning");
  await write("and somebody else");
  at("2026-10-15T03:00:00.000Z");
  expect((await figures()).messages.usual).toBe((1 + 2) / 2);
  at("2026-10-15T13:00:00.000Z");
  expect((await figures()).messages.usual).toBe((3 + 2) / 2);
  at("2026-10-16T13:00:00.000Z");
  expect((await figures()).messages.usual).toBe(0);
});

test("days that are over stay what they were, however often they are asked for; yesterday may still change", async () => {
  at("2026-10-10T10:00:00.000Z");
  const puppet = tea.emulator.world.createPuppet({ templateDelivery: "user_block" });
  await tea.emulator.world.scan(puppet.id, { code: tea.bound.channel.ticket });
  await tea.settle();
  expect(filled((await figures()).failed)).toEqual({ "2026-10-10": 1 });
  expect(filled((await figures()).deliveries)).toEqual({ "2026-10-10": 2 });
  at("2026-10-11T10:00:00.000Z");
  const db = tea.server.runtime.unscopedDb();
  await db.updateTable("messaging_delivery").set({ state: "unknown" }).execute();
  expect(filled((await figures()).failed)).toEqual({ "2026-10-10": 2 });
  at("2026-10-13T10:00:00.000Z");
  for (let time = 0; time < 3; time++) expect(filled((await figures()).failed)).toEqual({ "2026-10-10": 2 });
});

test("who waits is whoever's last word had no reply, for as long as one may be sent", async () => {
  at("2026-10-10T10:00:00.000Z");
  const waits = await write("桂花乌龙还有吗？");
  at("2026-10-10T10:05:00.000Z");
  const answered = await write("在吗");
  await write("菜单", answered);
  const leaves = await write("再见");
  await tea.emulator.world.unfollow(leaves.id, { appid: tea.bound.appid });
  const twice = await write("第一句");
  await write("第二句", twice);
  await tea.settle();
  const { waiting, hasPeople } = await figures();
  expect(hasPeople).toBe(true);
  expect(waiting).toMatchObject({ count: 2, isMore: false });
  expect(waiting.first.map(({ text }) => text)).toEqual(["桂花乌龙还有吗？", "第二句"]);
  const [first] = waiting.first;
  const person = await tea.owner.api.audience.getPerson({ personId: first!.personId! });
  expect(person.displayName).toBe(first!.name);
  expect(person.identities.map(({ value }) => value)).toContain(
    tea.emulator.world.chat(waits.id, tea.bound.appid).openid,
  );
  at("2026-10-12T10:02:00.000Z");
  expect((await figures()).waiting.count).toBe(1);
  at("2026-10-12T10:06:00.000Z");
  expect((await figures()).waiting).toEqual({ count: 0, isMore: false, first: [] });
});

test("another business has none of it, and an empty one has thirty days of nothing", async () => {
  await write("菜单");
  const stranger = await tea.server.asOwner();
  const theirs = await figures(stranger);
  for (const name of ["messages", "followed", "left", "newPeople", "deliveries", "failed"] as const) {
    expect(theirs[name].days).toHaveLength(figureDays);
    expect([filled(theirs[name]), theirs[name].usual], name).toEqual([{}, null]);
  }
  expect(theirs).toMatchObject({ waiting: { count: 0 }, hasPeople: false, has: { rule: false, scene: false } });
  expect((await stranger.api.connect.getFigures()).has).toEqual({ app: false, verified: false, channel: false });
  expect(await stranger.api.events.getFigures()).toEqual({ deadLetters: 0, isMore: false, handlers: [] });
  expect((await tea.owner.api.connect.getFigures()).has).toEqual({ app: true, verified: true, channel: true });
  expect((await tea.owner.api.messaging.getFigures()).has).toEqual({ rule: true, scene: true });
});

test("dead letters are counted up to a bound", async () => {
  const db = tea.server.runtime.unscopedDb();
  const dead = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      tenantId: tea.owner.tenantId,
      queue: `tea.queue_${index}`,
      ref: "00000000-0000-7000-8000-000000000000",
      priority: 0,
      attempts: 9,
      lastError: "made so",
      traceId: "t".repeat(32),
      diedAt: tea.server.clock.now(),
    }));
  await db.insertInto("kit_dead").values(dead(3)).execute();
  const three = [0, 1, 2].map((n) => ({ handler: `tea.queue_${n}`, count: 1, isMore: false }));
  expect(await tea.owner.api.events.getFigures()).toEqual({ deadLetters: 3, isMore: false, handlers: three });
  await db.deleteFrom("kit_dead").execute();
  await db.insertInto("kit_dead").values(dead(501)).execute();
  expect(await tea.owner.api.events.getFigures()).toMatchObject({ deadLetters: 500, isMore: true });
});
