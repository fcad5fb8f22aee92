import { contract } from "@zhanggui/kit/contract/route";
import { setting } from "@zhanggui/kit/contract/setting";
import { defineModule } from "@zhanggui/kit/server/module";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { refusal } from "../../testing/refusal.ts";
import { openTestServer, type Member, type TestServer } from "../../testing/test-server.ts";

const number = z.int().min(1).max(1000);
const cups = setting("tea.cups", number, 8, { zh: "杯数", en: "Cups" });
const pots = setting("tea.pots", number, 2, { zh: "壶数", en: "Pots" });
let server: TestServer;
let owner: Member;

beforeAll(async () => {
  const tea = defineModule(contract("tea", {}), { services: {}, routes: () => ({}), settings: [cups, pots] });
  server = await openTestServer(inject("clusterUrl"), { modules: [tea] });
});
afterAll(() => server.close());

const view = async (key: string) => (await owner.api.settings.list()).items.find((each) => each.key === key)!;
const values = async () => [(await view("tea.cups")).value, (await view("tea.pots")).value];
async function set(key: string, value: number, comment = ""): Promise<number> {
  const { version } = await view(key);
  return (await owner.api.settings.change({ key, value, version, comment })).version;
}
/** A moment between two changes. */
function now(): string {
  server.clock.advance(1000);
  const at = server.clock.now().toISOString();
  server.clock.advance(1000);
  return at;
}

test("one setting goes back to a version, and to before the first; that is a version more, with who and why", async () => {
  owner = await server.asOwner();
  const [first, second] = [await set("tea.cups", 9, "guests"), await set("tea.cups", 10)];
  const back = await owner.api.settings.rollBack({ key: "tea.cups", to: first, version: second, comment: "gone" });
  expect(back).toMatchObject({ value: 9, from: "tenant" });
  expect(await refusal(owner.api.settings.rollBack({ key: "tea.cups", to: 77, version: back.version }))).toMatchObject({
    status: 404,
    errors: [{ field: "to" }],
  });
  const none = await owner.api.settings.rollBack({ key: "tea.cups", to: 0, version: back.version });
  expect(none).toMatchObject({ value: 8, from: "default", isSet: false });
  const { items } = await owner.api.settings.history({ key: "tea.cups" });
  expect(items.map(({ value, isSet, comment }) => [isSet ? value : "cleared", comment])).toEqual([
    ["cleared", ""],
    [9, "gone"],
    [10, ""],
    [9, "guests"],
  ]);
});

test("all settings go back to a moment: previewed, then done as it was previewed", async () => {
  owner = await server.asOwner();
  await set("tea.cups", 9);
  const moment = now();
  await set("tea.cups", 20);
  await set("tea.pots", 5);
  const asked = { at: moment, comment: "Friday's mistake" };
  const preview = await owner.api.settings.rollAllBack({ ...asked, preview: true });
  expect(preview.items).toMatchObject([
    { key: "tea.cups", before: 20, after: 9, stays: null },
    { key: "tea.pots", before: 5, isSetAfter: false, stays: null },
  ]);
  expect(await values()).toEqual([20, 5]);
  const { revision } = preview;
  await owner.api.settings.rollAllBack({ ...asked, preview: false, revision });
  expect(await values()).toEqual([9, 2]);
  const nothing = await owner.api.settings.rollAllBack({ ...asked, preview: true });
  expect(nothing.items).toEqual([]);
});

test("what was changed since the preview refuses it, and nothing is rolled back", async () => {
  owner = await server.asOwner();
  const moment = now();
  await set("tea.cups", 20);
  const { revision } = await owner.api.settings.rollAllBack({ at: moment, preview: true });
  await set("tea.pots", 6);
  expect(await refusal(owner.api.settings.rollAllBack({ at: moment, preview: false, revision }))).toMatchObject({
    status: 409,
    errors: [{ field: "at" }],
  });
  expect(await refusal(owner.api.settings.rollAllBack({ at: moment, preview: false }))).toMatchObject({ status: 409 });
  expect(await values()).toEqual([20, 6]);
});

test("what is retired, pinned or no longer taken stays as it is, and the preview says why", async () => {
  const platform = await server.asPlatformOwner();
  owner = await server.asOwner();
  const { db } = server.runtime.ctx(owner.tenantId);
  const old = { changedBy: owner.accountId, changedAt: server.clock.now() };
  await db
    .insertInto("settings_value")
    .values([
      { ...old, key: "tea.samovar", version: 1, value: "1" },
      { ...old, key: "tea.pots", version: 1, value: '"many"' },
    ])
    .execute();
  await set("tea.cups", 11);
  const moment = now();
  await db
    .insertInto("settings_value")
    .values({ ...old, key: "tea.samovar", version: 2, value: "2", changedAt: server.clock.now() })
    .execute();
  await set("tea.pots", 4);
  await set("tea.cups", 12);
  await platform.api.settings.change({ key: "tea.cups", level: "platform", value: 7, version: 0, isPinned: true });
  const { items, revision } = await owner.api.settings.rollAllBack({ at: moment, preview: true });
  expect(items.map(({ key, stays }) => [key, stays])).toEqual([
    ["tea.cups", "pinned"],
    ["tea.pots", "invalid"],
    ["tea.samovar", "retired"],
  ]);
  await owner.api.settings.rollAllBack({ at: moment, preview: false, revision });
  expect((await owner.api.settings.rollAllBack({ at: moment, preview: true })).revision).toBe(revision);
  await platform.api.settings.clear({ key: "tea.cups", level: "platform", version: 1 });
});

test("a hundred rounds of roll-backs against changes: each holds whole, or is told that it came too late", async () => {
  owner = await server.asOwner();
  await set("tea.cups", 1);
  await set("tea.pots", 1);
  const moment = now();
  for (let round = 0; round < 100; round += 1) {
    await set("tea.cups", 100 + round);
    await set("tea.pots", 100 + round);
    const before = await view("tea.cups");
    const { revision } = await owner.api.settings.rollAllBack({ at: moment, preview: true });
    const back = owner.api.settings.rollAllBack({ at: moment, preview: false, revision });
    const change = owner.api.settings.change({ key: "tea.cups", value: 500 + round, version: before.version });
    const [rolled, changed] = await Promise.allSettled([back, change]);
    // Both start from the same version: one of them, and one only, got through.
    expect([rolled.status, changed.status].toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await values()).toEqual(rolled.status === "fulfilled" ? [1, 1] : [500 + round, 100 + round]);
  }
});
