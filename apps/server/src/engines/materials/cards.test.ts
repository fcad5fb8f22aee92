import { addMaterial, deleteMaterial, listMaterial } from "@zhanggui/wechat/calls/media";
import { fileOf } from "@zhanggui/wechat/upload";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { onePixel } from "../../foundation/files/testing/pictures.ts";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { WechatClients } from "../connect/clients.ts";
import { appBound } from "../connect/connect.events.ts";

/* What an account sends as a mini-program's card: made when both are bound, once, whatever happens in between. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const upload = "/cgi-bin/material/add_material";
const wechatAppId = () => tea.bound.wechatAppId;
const ctx = () => tea.server.runtime.ctx(tea.owner.tenantId);
const client = () => tea.server.app.get(WechatClients, { strict: false }).of(ctx(), wechatAppId());
const cards = async () => (await tea.owner.api.materials.listCards()).items;
const card = async () => (await cards())[0]!;
/** What the account's library really holds, by media_id. */
const library = async () => {
  const { items } = await (await client()).call(listMaterial, { type: "image", offset: 0, count: 20 });
  return items.map(({ mediaId }) => mediaId);
};
/** The id that a card is sent with. */
const thumb = async () => {
  const [row] = await ctx().db.selectFrom("materials_card").select("mediaId").execute();
  return row!.mediaId;
};
async function bindMini(name = "灯笼茶点单") {
  const { appid: appId, secret: appSecret } = tea.emulator.world.createAccount({ name, kind: "miniprogram" });
  const app = { name, appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  return { app, ...(await tea.owner.api.connect.bindApp(app)) };
}
/** Hours, in which what failed is tried again. */
async function wait(minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 5) {
    tea.server.clock.advance(300_000);
    await tea.settle();
  }
}

test("a mini-program that is bound has its card, with our picture in the account's library", async () => {
  expect(await cards()).toEqual([]);
  const mini = await bindMini();
  await tea.settle();
  expect(await cards()).toMatchObject([
    {
      app: { id: wechatAppId(), name: "灯笼茶" },
      miniProgram: { id: mini.id, name: "灯笼茶点单" },
      title: "灯笼茶点单",
      pagePath: "pages/index/index",
      state: "made",
      canBeSent: true,
      hasOwnPicture: false,
      zh: null,
    },
  ]);
  expect(await library()).toEqual([await thumb()]);
  const [listed] = (await tea.owner.api.materials.list({})).items;
  const shown = await tea.owner.api.materials.picture({ materialId: listed!.id });
  expect(shown.contentType).toBe("image/png");
  expect(shown.bytes.length).toBeGreaterThan(1_000);
});

test("an account that comes after the mini-program gets its card, and each of two accounts one of its own", async () => {
  await bindMini();
  const { appid: appId, secret: appSecret } = tea.emulator.world.createAccount({ name: "灯笼茶二店" });
  const second = { name: "灯笼茶二店", appId, appSecret, pushToken: "token", mode: "plain" } as const;
  await tea.owner.api.connect.bindApp({ ...second, kind: "official" });
  await tea.settle();
  expect((await cards()).map(({ app, state }) => `${app.name} ${state}`).toSorted()).toEqual([
    "灯笼茶 made",
    "灯笼茶二店 made",
  ]);
});

test("bound twice, and told of it twice, it is one card with one picture", async () => {
  const { app, id } = await bindMini();
  await tea.settle();
  const before = await thumb();
  const told = { wechatAppId: id, kind: "miniprogram", name: "x", boundAt: ctx().now().toISOString() } as const;
  await ctx().tx(async (ctx) => {
    await ctx.emit(appBound, told);
    await ctx.emit(appBound, told);
  });
  await tea.settle();
  await tea.owner.api.connect.unbindApp({ wechatAppId: id });
  expect(await cards()).toEqual([]);
  await tea.owner.api.connect.bindApp(app);
  await tea.settle();
  expect(await cards()).toMatchObject([{ state: "made" }]);
  expect(await library()).toEqual([before]);
});

test.each([
  ["before WeChat has done anything", "before" as const],
  ["after WeChat has kept the picture", "after" as const],
])("an upload whose answer is lost %s leaves one picture", async (_when, drop) => {
  tea.emulator.world.addFault({ target: "api", path: upload, count: 1, drop });
  await bindMini();
  await tea.settle();
  expect(await card()).toMatchObject({ state: "unknown", canBeSent: false, zh: expect.stringContaining("没有答复") });
  expect(await library()).toHaveLength(drop === "after" ? 1 : 0);
  // Asked for at once it still waits: what is on its way would be taken for lost.
  await tea.owner.api.materials.makeCard({ cardId: (await card()).id });
  await tea.settle();
  expect(await library()).toHaveLength(drop === "after" ? 1 : 0);
  await wait(15);
  expect(await card()).toMatchObject({ state: "made", zh: null });
  expect(await library()).toEqual([await thumb()]);
});

test("a process that dies between WeChat's answer and ours leaves one picture, and the card is made", async () => {
  await bindMini();
  await tea.settle();
  const mediaId = await thumb();
  const [item] = await ctx().db.selectFrom("materials_item").select("name").execute();
  // As it stood when WeChat had answered.
  const now = ctx().now();
  const dead = { state: "making", mediaId: null, madeAt: null, uploadName: item!.name, askedAt: now } as const;
  const busyUntil = new Date(now.getTime() + 150_000);
  await ctx()
    .db.updateTable("materials_card")
    .set({ ...dead, busyUntil })
    .execute();
  await tea.owner.api.materials.makeCard({ cardId: (await card()).id });
  await tea.settle();
  expect(await card()).toMatchObject({ state: "making" });
  await wait(5);
  expect(await card()).toMatchObject({ state: "made" });
  expect(await thumb()).toBe(mediaId);
  expect(await library()).toEqual([mediaId]);
});

test("what WeChat refuses is told with its reason, and made when somebody tries again, or at night", async () => {
  tea.emulator.world.addFault({ target: "api", path: upload, count: 2, errcode: 48001 });
  await bindMini();
  await tea.settle();
  expect(await card()).toMatchObject({ state: "failed", canBeSent: false, zh: expect.stringContaining("48001") });
  await tea.owner.api.materials.makeCard({ cardId: (await card()).id });
  await tea.settle();
  expect(await card()).toMatchObject({ state: "failed" });
  await tea.server.runtime.runSchedule("materials.complete_cards");
  await tea.settle();
  expect(await card()).toMatchObject({ state: "made", canBeSent: true, zh: null });
  expect(await library()).toHaveLength(1);
});

test("a picture that was deleted at WeChat is made anew when the library is read; one deleted here, at once", async () => {
  await bindMini();
  await tea.settle();
  const first = await thumb();
  tea.server.clock.advance(60_000);
  await (await client()).call(deleteMaterial, { mediaId: first! });
  await tea.owner.api.materials.sync({ wechatAppId: wechatAppId() });
  await tea.settle();
  const second = await thumb();
  expect(second).not.toBe(first);
  expect(await library()).toEqual([second]);
  const [listed] = (await tea.owner.api.materials.list({})).items;
  await tea.owner.api.materials.delete({ materialId: listed!.id });
  await tea.settle();
  expect(await card()).toMatchObject({ state: "made" });
  expect(await thumb()).not.toBe(second);
  expect(await library()).toEqual([await thumb()]);
});

test("another title and page need no upload; another picture does, and the old one is sent until it is there", async () => {
  await bindMini();
  await tea.settle();
  const [{ id: cardId }, before] = [await card(), await thumb()];
  const changed = await tea.owner.api.materials.updateCard({
    cardId,
    title: "春茶上新",
    pagePath: "pages/new?from=card",
  });
  expect(changed).toMatchObject({ title: "春茶上新", pagePath: "pages/new?from=card", state: "made" });
  const { id: fileId } = await tea.owner.api.files.upload({
    name: "茶.png",
    stream: onePixel,
    contentType: "image/png",
  });
  const asked = await tea.owner.api.materials.updateCard({ cardId, fileId });
  expect(asked).toMatchObject({ state: "making", canBeSent: true, hasOwnPicture: true });
  // What a card uses can't be deleted.
  expect(await refusal(tea.owner.api.files.delete({ fileId }))).toMatchObject({ code: "files.in_use" });
  await tea.settle();
  expect(await card()).toMatchObject({ state: "made", title: "春茶上新" });
  expect(await thumb()).not.toBe(before);
  await tea.owner.api.materials.updateCard({ cardId, fileId: null });
  await tea.settle();
  expect(await card()).toMatchObject({ state: "made", hasOwnPicture: false });
});

test("a picture that is none, another's file, and a page with a slash before it are refused", async () => {
  await bindMini();
  await tea.settle();
  const { id: cardId } = await card();
  const { id: fileId } = await tea.owner.api.files.upload({
    name: "茶.txt",
    stream: Buffer.from("tea"),
    contentType: "text/plain",
  });
  const change = (given: object) => refusal(tea.owner.api.materials.updateCard({ cardId, ...given }));
  expect(await change({ fileId })).toMatchObject({ code: "materials.not_such_file", errors: [{ field: "fileId" }] });
  expect(await change({ pagePath: "/pages/index" })).toMatchObject({ errors: [{ field: "pagePath" }] });
  const colleague = await tea.server.as("operator", tea.owner);
  expect(await refusal(colleague.api.materials.updateCard({ cardId, fileId }))).toMatchObject({
    code: "kit.not_found",
  });
});

test("the picture is found among many that came into the library after it", async () => {
  tea.emulator.world.addFault({ target: "api", path: upload, count: 1, drop: "after" });
  await bindMini();
  await tea.settle();
  const [lost] = await library();
  const wechat = await client();
  const picture = fileOf("龙井.png", "image/png", onePixel);
  for (let n = 0; n < 25; n += 1) await wechat.call(addMaterial, { type: "image", file: picture });
  await wait(10);
  expect(await thumb()).toBe(lost);
  expect((await wechat.call(listMaterial, { type: "image", offset: 0, count: 20 })).total).toBe(26);
});
