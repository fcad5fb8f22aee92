import { problemsOf } from "@zhanggui/forms/menu-problems";
import { menuLimits } from "@zhanggui/wechat/calls/menus";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { fromWechat, toWechat } from "./internal/menu-buttons.ts";
import { buttonKindNames, buttonKinds, Menu } from "./menu-shape.contract.ts";

let tea: TeaShop;
let wechatAppId: string;
beforeAll(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
  ({ wechatAppId } = tea.bound);
});
afterAll(() => tea.close());

const api = () => tea.owner.api.connect;
const account = () => tea.emulator.world.account(tea.bound.appid);
const view = (name: string, url = "https://lantern-tea.example/menu") => ({ name, kind: "view" as const, url });
/** Saves over whatever is there, and publishes it. */
async function publish(draft: Parameters<TeaShop["owner"]["api"]["connect"]["saveMenu"]>[0]["draft"]) {
  const { revision } = await api().getMenu({ wechatAppId });
  const saved = await api().saveMenu({ wechatAppId, draft, ifMatch: revision });
  return api().publishMenu({ wechatAppId, ifMatch: saved.revision });
}
const live = () => api().getLiveMenu({ wechatAppId });

describe("WeChat's rules", () => {
  const problems = (menu: object) =>
    problemsOf(Menu.parse(menu), { limits: menuLimits, kinds: buttonKinds }).map(({ field }) => field);

  test.for([
    ["a name of 16 bytes", { buttons: [view("今日茶单a")] }, []],
    ["a name of 17 bytes", { buttons: [view("今日茶单abcde")] }, ["buttons.0.name"]],
    ["a name below of 60 bytes", { buttons: [{ name: "茶", below: [view("茶".repeat(20))] }] }, []],
    [
      "a name below of 61 bytes",
      { buttons: [{ name: "茶", below: [view(`${"茶".repeat(20)}a`)] }] },
      ["buttons.0.below.0.name"],
    ],
    ["three buttons", { buttons: [view("1"), view("2"), view("3")] }, []],
    ["four buttons", { buttons: [view("1"), view("2"), view("3"), view("4")] }, ["buttons"]],
    ["five below", { buttons: [{ name: "茶", below: Array.from({ length: 5 }, () => view("1")) }] }, []],
    [
      "six below",
      { buttons: [{ name: "茶", below: Array.from({ length: 6 }, () => view("1")) }] },
      ["buttons.0.below"],
    ],
    ["no name", { buttons: [view(" ")] }, ["buttons.0.name"]],
    ["an address without scheme", { buttons: [view("1", "lantern-tea.example")] }, ["buttons.0.url"]],
    ["a script for an address", { buttons: [view("1", "javascript:alert(1)")] }, ["buttons.0.url"]],
    ["an address of 1024 bytes", { buttons: [view("1", `https://a.example/${"x".repeat(1006)}`)] }, []],
    ["an address of 1025 bytes", { buttons: [view("1", `https://a.example/${"x".repeat(1007)}`)] }, ["buttons.0.url"]],
    ["a key of 129 bytes", { buttons: [{ name: "1", kind: "click", key: "k".repeat(129) }] }, ["buttons.0.key"]],
    [
      "a mini-program without anything",
      { buttons: [{ name: "1", kind: "miniprogram" }] },
      ["buttons.0.appId", "buttons.0.pagePath", "buttons.0.url"],
    ],
    [
      "menus for some without one for everybody",
      { buttons: [], conditional: [{ tagId: 100, buttons: [view("1")] }] },
      ["buttons"],
    ],
    [
      "a condition of nothing",
      { buttons: [view("1")], conditional: [{ buttons: [view("1")] }] },
      ["conditional.0.match"],
    ],
    [
      "the same condition twice",
      {
        buttons: [view("1")],
        conditional: [
          { tagId: 1, buttons: [view("1")] },
          { tagId: 1, buttons: [view("2")] },
        ],
      },
      ["conditional.1.match"],
    ],
  ] as const)("%s", ([, menu, fields]) => {
    expect(problems(menu)).toEqual(fields);
  });

  test("a button goes to WeChat with what its kind uses, and comes back the same, whatever kind it is", () => {
    const parts = {
      key: "K",
      url: "https://lantern-tea.example/",
      appId: "wx0123456789abcdef",
      pagePath: "p/a",
      mediaId: "M",
      articleId: "A",
    };
    for (const kind of buttonKindNames) {
      const used = Object.fromEntries(buttonKinds[kind].parts.map((part) => [part, parts[part]]));
      const menu = Menu.parse({ buttons: [{ name: "茶", kind, ...used }] });
      const [sent] = toWechat(menu.buttons);
      expect(Object.keys(sent!)).toHaveLength(2 + buttonKinds[kind].parts.length);
      expect(fromWechat([{ ...sent!, sub_button: [] }])).toEqual({ buttons: menu.buttons, unknown: 0 });
      // What another kind would use stays here.
      expect(toWechat(Menu.parse({ buttons: [{ name: "茶", kind, ...parts }] }).buttons)).toEqual([sent]);
    }
    expect(
      fromWechat([
        { type: "hologram", name: "茶" },
        { type: "click", name: "单", key: "K" },
      ]),
    ).toMatchObject({
      buttons: [{ name: "单", kind: "click", key: "K" }],
      unknown: 1,
    });
  });
});

test("a draft is saved as it is, and published only if it keeps WeChat's rules: each place says why not", async () => {
  expect(await api().getMenu({ wechatAppId })).toMatchObject({ revision: 0, published: null, draft: { buttons: [] } });
  const draft = { buttons: [view("今日茶单和明日茶单"), { name: "更多", below: [view("门店", "stores"), view("")] }] };
  const saved = await api().saveMenu({ wechatAppId, draft, ifMatch: 0 });
  expect(saved).toMatchObject({ revision: 1, changedBy: expect.any(String) as string, limits: { nameBytes: 16 } });
  expect(await refusal(api().publishMenu({ wechatAppId, ifMatch: 1 }))).toMatchObject({
    code: "connect.menu_broken",
    errors: [
      { field: "buttons.0.name", message: "at most 16 bytes; it has 27" },
      { field: "buttons.1.below.0.url" },
      { field: "buttons.1.below.1.name" },
    ],
  });
  expect(account().menu).toBeNull();
  expect(await refusal(api().saveMenu({ wechatAppId, draft, ifMatch: 0 }))).toMatchObject({
    code: "kit.precondition_failed",
  });
  expect((await api().listMenuVersions({ wechatAppId })).items).toEqual([]);
});

test("what is published is what WeChat has; who changes it elsewhere is noticed, and it can be taken over", async () => {
  const first = await publish({ buttons: [view("茶单"), { name: "更多", below: [view("门店"), view("关于")] }] });
  expect(first.published).toMatchObject({ number: 1, state: "published" });
  expect(account().menu).toMatchObject([
    { type: "view", name: "茶单" },
    { name: "更多", sub_button: [{ name: "门店" }, { name: "关于" }] },
  ]);
  expect(await live()).toMatchObject({ source: "published", isDraft: true, unknownButtons: 0 });
  account().menu = [{ type: "click", name: "别处改的", key: "X" }];
  const elsewhere = await live();
  expect(elsewhere).toMatchObject({
    source: "elsewhere",
    isDraft: false,
    menu: { buttons: [{ name: "别处改的", kind: "click", key: "X" }] },
  });
  await api().saveMenu({ wechatAppId, draft: elsewhere.menu!, ifMatch: first.revision });
  expect(await live()).toMatchObject({ source: "elsewhere", isDraft: true });
  account().menu = null;
  expect(await live()).toMatchObject({ source: "elsewhere", menu: null });
});

test("menus for some are made in their order, the first match first, and changed or taken away with the next version", async () => {
  account().tags.push({ id: 100, name: "会员", members: new Set() } as never);
  const some = [
    { tagId: 100, buttons: [view("会员茶单")] },
    { platform: "ios" as const, buttons: [view("苹果")] },
    { tagId: 100, platform: "android" as const, buttons: [view("会员安卓")] },
  ];
  await publish({ buttons: [view("茶单")], conditional: some });
  // WeChat tries the newest first.
  expect(account().conditionalMenus.map(({ button }) => button[0]?.name)).toEqual(["会员安卓", "苹果", "会员茶单"]);
  expect(await live()).toMatchObject({ source: "published", menu: { conditional: some } });
  const made = account().conditionalMenus.map(({ menuId }) => menuId);
  // The same again makes none anew.
  await publish({ buttons: [view("新茶单")], conditional: some });
  expect(account().conditionalMenus.map(({ menuId }) => menuId)).toEqual(made);
  await publish({ buttons: [view("茶单")], conditional: some.slice(1, 2) });
  expect(account().conditionalMenus.map(({ button }) => button[0]?.name)).toEqual(["苹果"]);
  await publish({ buttons: [] });
  expect([account().menu, account().conditionalMenus]).toEqual([null, []]);
  expect(await live()).toMatchObject({ source: "none", isDraft: true });
});

test("an earlier version becomes the draft again, and is published by itself", async () => {
  const { revision } = await publish({ buttons: [view("春茶")] });
  const before = (await api().listMenuVersions({ wechatAppId })).items[0]!;
  const after = await publish({ buttons: [view("秋茶")] });
  const taken = await api().takeMenuBack({ wechatAppId, number: before.number, ifMatch: after.revision });
  expect(taken.draft).toEqual(before.menu);
  expect(taken.revision).toBeGreaterThan(revision);
  expect(account().menu?.[0]?.name).toBe("秋茶");
  await api().publishMenu({ wechatAppId, ifMatch: taken.revision });
  expect(account().menu?.[0]?.name).toBe("春茶");
  const numbers = (await api().listMenuVersions({ wechatAppId })).items.map(({ number }) => number);
  expect(numbers).toEqual(numbers.toSorted((one, other) => other - one));
  const missing = api().takeMenuBack({ wechatAppId, number: 9999, ifMatch: taken.revision });
  expect(await refusal(missing)).toMatchObject({ code: "kit.not_found" });
});

test("what WeChat refuses is kept with its code; what no answer came to is unknown, until WeChat is asked", async () => {
  const { world } = tea.emulator;
  world.addFault({ target: "api", path: "/cgi-bin/menu/create", errcode: 48001 });
  expect(await refusal(publish({ buttons: [view("夏茶")] }))).toMatchObject({
    code: "connect.wechat_refused",
    details: { errcode: 48001 },
  });
  const latest = async () => (await api().listMenuVersions({ wechatAppId })).items[0];
  expect(await latest()).toMatchObject({ state: "refused", errcode: 48001 });
  world.addFault({ target: "api", path: "/cgi-bin/menu/create", drop: "after", count: 3 });
  expect(await refusal(publish({ buttons: [view("冬茶")] }))).toMatchObject({ code: "connect.wechat_unreachable" });
  expect(await latest()).toMatchObject({ state: "unknown" });
  expect(await live()).toMatchObject({ source: "published" });
  expect(await latest()).toMatchObject({ state: "published" });
  world.addFault({ target: "api", path: "/cgi-bin/menu/create", drop: "before", count: 3 });
  expect(await refusal(publish({ buttons: [view("雪茶")] }))).toMatchObject({ code: "connect.wechat_unreachable" });
  expect(await live()).toMatchObject({ source: "published", isDraft: false });
  expect(await latest()).toMatchObject({ state: "unknown" });
  world.clearFaults();
});

test("of many who publish at once each waits or is told, and the last version that stands is what WeChat has", async () => {
  for (let round = 1; round <= 40; round++) {
    const { revision } = await api().getMenu({ wechatAppId });
    const saved = await api().saveMenu({ wechatAppId, draft: { buttons: [view(`第${round}`)] }, ifMatch: revision });
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => api().publishMenu({ wechatAppId, ifMatch: saved.revision })),
    );
    const refused = results.flatMap((each) =>
      each.status === "rejected" ? [(each.reason as { code: string }).code] : [],
    );
    expect(
      new Set(refused).size <= 1 && refused.every((code) => code === "connect.menu_publishing"),
      refused.join(),
    ).toBe(true);
    expect(refused.length).toBeLessThan(5);
    expect(await live()).toMatchObject({ source: "published", isDraft: true });
  }
});

test("what died while WeChat was asked is unknown after two minutes, and blocks nobody longer", async () => {
  await tea.server.runtime
    .unscopedDb()
    .updateTable("connect_menu_version")
    .set({ state: "publishing", publishedAt: tea.server.clock.now() })
    .where("number", "=", (await api().listMenuVersions({ wechatAppId })).items[0]!.number)
    .execute();
  const { revision } = await api().getMenu({ wechatAppId });
  expect(await refusal(api().publishMenu({ wechatAppId, ifMatch: revision }))).toMatchObject({
    code: "connect.menu_publishing",
  });
  tea.server.clock.advance(121_000);
  expect((await api().listMenuVersions({ wechatAppId })).items[0]).toMatchObject({ state: "unknown" });
  expect(await api().publishMenu({ wechatAppId, ifMatch: revision })).toMatchObject({
    published: { state: "published" },
  });
});

test("targets are what the account has now; what WeChat refuses says why", async () => {
  const { tags, trouble } = await api().getMenuTargets({ wechatAppId });
  expect(tags).toContainEqual({ id: 100, name: "会员", count: 0 });
  expect(trouble).toEqual({ tags: null, media: null, articles: null });
  tea.emulator.world.addFault({ target: "api", path: "/cgi-bin/tags/get", errcode: 48001 });
  expect(await api().getMenuTargets({ wechatAppId })).toMatchObject({
    tags: [],
    trouble: { tags: { en: expect.stringContaining("48001") as string }, media: null },
  });
});

test("who only sees apps publishes nothing; another business sees none of it", async () => {
  const developer = await tea.server.as("developer", tea.owner);
  const { revision, draft } = await developer.api.connect.getMenu({ wechatAppId });
  expect(await refusal(developer.api.connect.publishMenu({ wechatAppId, ifMatch: revision }))).toMatchObject({
    code: "kit.forbidden",
  });
  expect(await refusal(developer.api.connect.saveMenu({ wechatAppId, draft, ifMatch: revision }))).toMatchObject({
    code: "kit.forbidden",
  });
  const stranger = await tea.server.asOwner();
  expect(await refusal(stranger.api.connect.getMenu({ wechatAppId }))).toMatchObject({ code: "kit.not_found" });
  expect(await refusal(stranger.api.connect.saveMenu({ wechatAppId, draft, ifMatch: 0 }))).toMatchObject({
    code: "kit.not_found",
  });
});
