import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/* Somebody accepts a mini-program's messages on their phone; an operator sees it, tries one, and it arrives. */
let stage: Stage;
let album: Album;
let desk: Window;
let puppetId: string;

beforeAll(async () => {
  album = await Album.open("subscriptions");
  stage = await setStage(inject("clusterUrl"));
  desk = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  const { world } = stage.emulator;
  const { appid: appId, secret: appSecret } = world.createAccount({ name: "灯笼茶点单", kind: "miniprogram" });
  const pushToken = "lantern";
  const bound = { name: "灯笼茶点单", appId, appSecret, pushToken, mode: "plain", kind: "miniprogram" } as const;
  const { id: wechatAppId } = await stage.api.connect.bindApp(bound);
  const url = `${stage.url}/api/wechat/callback/${wechatAppId}`;
  await world.configurePush(appId, { url, token: pushToken, mode: "plain", format: "json" });
  await stage.api.templates.add({ wechatAppId, tid: 9001, kids: [1, 2], sceneDesc: "取餐" });
  const [template] = (await stage.api.templates.list({ wechatAppId })).items;
  puppetId = world.createPuppet().id;
  await world.subscribe(puppetId, { appid: appId, answers: { [template!.templateId]: "accept" } });
}, patient(240_000));
afterAll(async () => {
  await stage?.close();
  console.info(`journey subscriptions: pictures in ${album.folder}`);
});

test("a consent is seen, tried on whoever gave it, and used up", { timeout: patient(240_000) }, async () => {
  const { page, complaints } = desk;
  onTestFailed(async () => {
    console.error([await album.take(page, "failed"), ...complaints, stage.serverOutput()].join("\n"));
  });
  await signIn(page, stage.operator);
  await page.goto("/messages/subscriptions");
  await page.getByRole("cell", { name: "取餐提醒" }).waitFor();
  await page.getByText("1 人可发送").waitFor();
  await album.take(page, "list");
  const row = page.getByRole("row").filter({ hasText: "取餐提醒" });
  await row.getByRole("button").last().click();
  await page.getByRole("button", { name: "试发一条" }).click();
  await page.getByLabel("取餐码").fill("A-17");
  await page.getByLabel("门店").fill("灯笼茶");
  await album.take(page, "try");
  await page.getByRole("button", { name: "发送", exact: true }).click();
  await page.getByText("0 人可发送").waitFor();
  const [last] = stage.emulator.world.chat(puppetId).chat.slice(-1);
  expect(last?.content).toMatchObject({ kind: "template", title: "取餐提醒" });
  await row.getByRole("button").last().click();
  await page.getByRole("button", { name: "查看明细" }).click();
  await page.getByRole("listitem").filter({ hasText: "准备发送" }).waitFor();
  await album.take(page, "ledger");
  await page.keyboard.press("Escape");
  await row.getByRole("link").first().click();
  await page.getByText("同意接收订阅消息：取餐提醒").waitFor();
  await page.getByRole("heading", { name: "订阅消息" }).waitFor();
  await album.take(page, "person");
  expect(complaints).toEqual([]);
});
