import { codeOf } from "@zhanggui/server/testing/authenticator";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/* A business demands two-step sign-in: the date stands above every page, and once it has come nothing else goes. */
let stage: Stage;
let album: Album;
let theirs: Window;
beforeAll(async () => {
  album = await Album.open("second-factor");
  stage = await setStage(inject("clusterUrl"));
  theirs = await window();
});
afterAll(() => stage?.close());

async function window(): Promise<Window> {
  const viewport = { width: 1280, height: 800 };
  return openWindow(stage.browser, { baseURL: stage.url, viewport, reducedMotion: "reduce" });
}
/** A secret is no use before its code; each code is good once. */
async function ownFactor(): Promise<void> {
  const { secret } = await stage.api.access.beginSecondFactor({ password: stage.owner.password });
  await stage.api.access.confirmSecondFactor({ code: codeOf(secret, new Date()) });
}

test("whoever has none reads the date, is led to set it up once it has come, and works on afterwards", async () => {
  const { page } = theirs;
  onTestFailed(async () => console.error(await album.take(page, "failed"), ...theirs.complaints, stage.serverOutput()));
  const office = await window();
  await signIn(office.page, stage.owner);
  await office.page.goto("/settings?search=两步");
  await office.page.getByRole("searchbox").fill("两步验证");
  await office.page.getByRole("button", { name: "编辑设置：谁必须使用两步验证" }).click();
  await office.page.getByRole("dialog").getByRole("combobox").first().click();
  await office.page.getByRole("option", { name: "所有人" }).click();
  await album.take(office.page, "demanded by somebody");
  await office.page.getByRole("dialog").getByRole("button", { name: "保存" }).click();
  await office.page.getByText("请先为自己启用两步验证").first().waitFor();
  await album.take(office.page, "who has none themselves");
  await ownFactor();
  await office.page.goto("/login");
  await office.page.close();

  await stage.api.settings.change({ key: "identity.secondFactorOf", value: "everybody", version: 0 });
  await signIn(page, stage.operator);
  const banner = page.getByRole("status").filter({ hasText: "本企业要求使用两步验证" });
  await banner.waitFor();
  await album.take(page, "days of grace");
  await page.setViewportSize({ width: 390, height: 800 });
  await album.take(page, "days of grace on a phone");

  await stage.api.settings.change({ key: "identity.secondFactorGraceDays", value: 0, version: 0 });
  await page.goto("/people");
  await page.getByRole("heading", { name: "两步验证" }).waitFor();
  expect(await page.getByRole("navigation").count()).toBe(0);
  await album.take(page, "nothing else goes, on a phone");
  await page.setViewportSize({ width: 1280, height: 800 });
  await album.take(page, "nothing else goes");
  await page.getByRole("button", { name: "开始设置" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("当前密码").fill(stage.operator.password);
  await dialog.getByRole("button", { name: "开始设置" }).click();
  const secret = await dialog.locator("code").textContent();
  await dialog.getByLabel("验证码").fill(codeOf(secret!, new Date()));
  await album.take(page, "set up");
  await dialog.getByRole("button", { name: "启用" }).click();
  await dialog.getByRole("button", { name: "我已保存" }).click();
  await page.getByRole("navigation").waitFor();
  expect(new URL(page.url()).pathname).toBe("/people");
  expect(await banner.count()).toBe(0);
});
