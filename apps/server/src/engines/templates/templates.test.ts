import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { refusal } from "../../testing/refusal.ts";
import { openTeaShop, type TeaShop } from "../../testing/tea-shop.ts";
import { fieldsOf } from "./templates.service.ts";

/* Which templates accounts have, and how a mini-program comes by one. */
let tea: TeaShop;
beforeEach(async () => {
  tea = await openTeaShop(inject("clusterUrl"));
});
afterEach(() => tea.close());

const api = () => tea.owner.api.templates;
async function bindMini(name: string): Promise<string> {
  const { appid: appId, secret: appSecret } = tea.emulator.world.createAccount({ name, kind: "miniprogram" });
  const bound = { name, appId, appSecret, pushToken: "token", mode: "plain", kind: "miniprogram" } as const;
  return (await tea.owner.api.connect.bindApp(bound)).id;
}

test("the templates of every account are read, with the labels that WeChat shows", async () => {
  const mini = await bindMini("点单");
  const { items } = await api().sync({});
  expect(items.toSorted((a, b) => b.templates - a.templates)).toMatchObject([
    { app: { name: "灯笼茶" }, templates: 1, zh: null },
    { app: { id: mini, name: "点单" }, templates: 0, zh: null },
  ]);
  const [official] = (await api().list({})).items;
  expect(official).toMatchObject({ kind: "official", app: { name: "灯笼茶" }, lasts: false });
  expect(official?.fields.length).toBeGreaterThan(0);
});

test("fields have the labels that stand before them, or their own names", () => {
  expect(fieldsOf("{{first.DATA}}\n单号：{{order.DATA}}\n金额: {{ amount2.DATA }}\n谢谢")).toEqual([
    { name: "first", label: "first" },
    { name: "order", label: "单号" },
    { name: "amount2", label: "金额" },
  ]);
});

test("one of the library is looked up, made one's own with chosen keywords, and deleted", async () => {
  const wechatAppId = await bindMini("点单");
  const categories = (await api().categories({ wechatAppId })).items;
  expect(categories).toContainEqual({ id: 307, name: "餐饮" });
  const { total, items } = await api().titles({ wechatAppId, categoryId: 307 });
  expect(total).toBeGreaterThan(0);
  expect(items).toContainEqual({ tid: 9001, title: "取餐提醒", lasts: false });
  const keywords = (await api().keywords({ wechatAppId, tid: 9001 })).items;
  expect(keywords).toContainEqual({ kid: 2, name: "门店", example: "灯笼茶", rule: "thing" });
  await api().add({ wechatAppId, tid: 9001, kids: [2, 1], sceneDesc: "取餐" });
  const [own] = (await api().list({ search: "取餐" })).items;
  expect(own).toMatchObject({
    kind: "subscribe",
    title: "取餐提醒",
    fields: [
      { name: "thing2", label: "门店" },
      { name: "character_string1", label: "取餐码" },
    ],
  });
  await api().delete({ templateId: own!.id });
  expect((await api().list({ wechatAppId })).items).toEqual([]);
  expect((await api().sync({ wechatAppId })).items).toMatchObject([{ templates: 0 }]);
});

test("one is added to every mini-program; one that refuses says why, and the others have it", async () => {
  const [first, second] = [await bindMini("点单"), await bindMini("商城")];
  const path = "/wxaapi/newtmpl/addtemplate";
  const add = { wechatAppId: first, tid: 9001, kids: [1, 2], sceneDesc: "取餐", everywhere: true };
  const { appId } = await tea.owner.api.connect.getApp({ wechatAppId: second });
  tea.emulator.world.addFault({ target: "api", path, appid: appId, count: 1, errcode: 200012 });
  expect((await api().add(add)).items).toMatchObject([
    { app: { id: first }, templates: 1, zh: null },
    { app: { id: second }, templates: 0, zh: expect.stringContaining("200012") },
  ]);
  tea.emulator.world.addFault({ target: "api", path, appid: appId, count: 1, errcode: 200012 });
  expect(await refusal(api().add({ ...add, wechatAppId: second, everywhere: false }))).toMatchObject({
    code: "connect.wechat_refused",
  });
});

test("the night reads all; what was deleted at WeChat goes, also where another account can't be read", async () => {
  const mini = await bindMini("点单");
  await api().add({ wechatAppId: mini, tid: 9001, kids: [1, 2], sceneDesc: "" });
  await api().sync({});
  const { appId } = await tea.owner.api.connect.getApp({ wechatAppId: mini });
  tea.emulator.world.account(appId).templates = [];
  const path = "/cgi-bin/template/get_all_private_template";
  tea.emulator.world.addFault({ target: "api", path, count: 1, errcode: 48001 });
  await tea.server.runtime.runSchedule("templates.sync_all");
  expect((await api().list({})).items.map(({ kind }) => kind)).toEqual(["official"]);
});

test("an official account has no library; another business's account isn't there", async () => {
  const add = { wechatAppId: tea.bound.wechatAppId, tid: 9001, kids: [1, 2], sceneDesc: "" };
  expect(await refusal(api().add(add))).toMatchObject({ code: "kit.not_found", errors: [{ field: "wechatAppId" }] });
  const stranger = await tea.server.asOwner();
  expect(await refusal(stranger.api.templates.sync({ wechatAppId: tea.bound.wechatAppId }))).toMatchObject({
    code: "kit.not_found",
  });
});
