import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import { shortFilm } from "@zhanggui/server/engines/materials/testing/films";
import { afterAll, beforeAll, expect, inject, onTestFailed, test, vi } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * A video goes from the operator's disk to all followers: uploaded, written, previewed to one, counted, sent; and the
 * page shows what WeChat reports of it.
 */
let stage: Stage;
let album: Album;
let desk: Window;
let puppets: string[];

beforeAll(async () => {
  album = await Album.open("broadcasts");
  stage = await setStage(inject("clusterUrl"));
  desk = await openWindow(stage.browser, { baseURL: stage.url, viewport: { width: 1280, height: 800 } });
  await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  puppets = Array.from({ length: 3 }, () => stage.emulator.world.createPuppet().id);
  for (const puppet of puppets) await stage.emulator.world.follow(puppet);
  const following = async () => (await stage.api.audience.listPeople({ following: true })).items.length;
  await vi.waitUntil(async () => (await following()) === puppets.length, { timeout: patient(30_000) });
}, patient(240_000));
afterAll(async () => {
  await stage?.close();
  console.info(`journey broadcasts: pictures in ${album.folder}`);
});

const shown = (puppet: string): number =>
  stage.emulator.world.chat(puppet).chat.filter(({ via }) => via === "mass").length;

test(
  "a video from disk is previewed to one and sent to all, and the figures add up",
  { timeout: patient(240_000) },
  async () => {
    const { page, complaints } = desk;
    onTestFailed(async () => {
      console.error([await album.take(page, "failed"), ...complaints, stage.serverOutput()].join("\n"));
    });
    await signIn(page, stage.operator);
    await upload();
    await write();
    await page.getByRole("link", { name: "采茶上新" }).click();
    await page.getByText("还没有发出。").waitFor();
    await album.take(page, "draft");
    // What the list can do with a draft, its page can.
    await page.getByRole("button", { name: /采茶上新/ }).click();
    await page.locator(".menu-items").getByRole("button", { name: "发出", exact: true }).waitFor();
    await album.take(page, "draft-menu");
    await previewTo(() => page.locator(".menu-items").getByRole("button", { name: "预览", exact: true }).click());
    await page.getByRole("link", { name: "群发", exact: true }).first().click();
    await send();
    await page.goto("/messages/materials");
    await page.getByText("不可群发").waitFor();
    await album.take(page, "materials");
    expect(complaints).toEqual([]);
  },
);

async function upload(): Promise<void> {
  const { page } = desk;
  // One that the account has already, which WeChat doesn't mass send.
  await page.goto("/messages/materials");
  await page.getByRole("button", { name: "上传素材" }).first().click();
  const form = page.getByRole("dialog");
  await pick("类型", "视频");
  await form.locator("input[type=file]").setInputFiles({
    name: "旧片.mp4",
    mimeType: "video/mp4",
    buffer: Buffer.from(shortFilm),
  });
  await form.getByText("旧片.mp4").waitFor();
  await form.getByRole("textbox", { name: "视频标题" }).fill("旧片");
  await album.take(page, "upload");
  await form.getByRole("button", { name: "上传", exact: true }).click();
  await page.getByRole("row", { name: /旧片/ }).getByText("不可群发").waitFor();
  await page.getByRole("button", { name: "上传素材" }).first().click();
  await pick("类型", "群发视频");
  await form.locator("input[type=file]").setInputFiles({
    name: "采茶.mp4",
    mimeType: "video/mp4",
    buffer: Buffer.from(shortFilm),
  });
  await form.getByText("采茶.mp4").waitFor();
  await form.getByRole("textbox", { name: "视频标题" }).fill("采茶");
  await form.getByRole("button", { name: "上传", exact: true }).click();
  await page.getByRole("row", { name: /采茶/ }).getByText("可群发", { exact: true }).waitFor();
}

async function pick(label: string, option: string): Promise<void> {
  const { page } = desk;
  await page
    .getByRole("dialog")
    .getByRole("combobox", { name: new RegExp(`^${label}`) })
    .click({ force: true });
  await page.getByRole("option", { name: option }).first().click();
}

async function write(): Promise<void> {
  const { page } = desk;
  await page.goto("/messages/broadcasts");
  await page.getByRole("button", { name: "新建群发" }).first().click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "名称" }).fill("采茶上新");
  await pick("内容", "素材");
  await form.getByRole("combobox", { name: /^素材/ }).click({ force: true });
  // What WeChat would refuse isn't there to be chosen.
  await page.getByRole("option", { name: /采茶/ }).waitFor();
  expect(await page.getByRole("option", { name: /旧片/ }).count()).toBe(0);
  await page.getByRole("option", { name: /采茶/ }).click();
  await album.take(page, "form");
  await form.getByRole("button", { name: "创建" }).click();
  await page.getByRole("link", { name: "采茶上新" }).waitFor();
}

async function previewTo(open: () => Promise<void>): Promise<void> {
  const { page } = desk;
  await open();
  const form = page.getByRole("dialog");
  await form.getByRole("combobox", { name: /^客户/ }).click({ force: true });
  await page.getByRole("option").first().click();
  await form.getByRole("button", { name: "发送预览" }).click();
  await expect.poll(() => puppets.reduce((sum, puppet) => sum + shown(puppet), 0)).toBe(1);
}

async function send(): Promise<void> {
  const { page } = desk;
  await menuOf("发出");
  await page.getByText("把“采茶上新”发给 3 人？").waitFor();
  await album.take(page, "sure");
  await page.getByRole("dialog").getByRole("button", { name: "发出" }).click();
  await page.getByRole("link", { name: "采茶上新" }).click();
  await page.getByText("应发 3 = 送达 3 + 失败 0 + 微信过滤 0 + 差额 0").waitFor();
  await album.take(page, "sent");
  await page.setViewportSize({ width: 390, height: 844 });
  await album.take(page, "sent-phone");
  await page.setViewportSize({ width: 1280, height: 800 });
  expect(puppets.map(shown).toSorted((one, other) => one - other)).toEqual([1, 1, 2]);
}

async function menuOf(act: string): Promise<void> {
  const { page } = desk;
  await page
    .getByRole("row", { name: /采茶上新/ })
    .getByRole("button")
    .last()
    .click();
  await page.locator(".menu-items").getByRole("button", { name: act, exact: true }).click();
}
