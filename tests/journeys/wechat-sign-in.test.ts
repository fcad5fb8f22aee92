import { bindLanternTea } from "@zhanggui/server/testing/lantern-tea";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { inspect, prepareInspection } from "./setup/inspect.ts";
import { setStage, type Stage } from "./setup/stage.ts";
import { openWindow } from "./setup/window.ts";

/*
 * Somebody inside WeChat opens the business's page, agrees on WeChat's own page to tell who they are, and comes back
 * signed in; then they add their phone number, and are one with whoever had it.
 */
const userAgent =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.70";
const phone = { width: 390, height: 844 };
let stage: Stage;
let album: Album;
beforeAll(async () => {
  album = await Album.open("wechat-sign-in");
  stage = await setStage(inject("clusterUrl"));
  await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  stage.emulator.world.createPuppet({ name: "小满" });
});
afterAll(() => stage?.close());

async function signInByCode(page: Page, number: string, go: string): Promise<void> {
  const before = stage.emulator.world.texts().length;
  await page.getByLabel("手机号").fill(number);
  await page.getByRole("button", { name: "获取验证码" }).click();
  await page.getByText("验证码已发出").waitFor();
  await expect.poll(() => stage.emulator.world.texts().length).toBeGreaterThan(before);
  const code = /\d{6}/.exec(stage.emulator.world.texts().at(-1)!.text)![0];
  await page.getByLabel("验证码", { exact: true }).fill(code);
  await page.getByRole("button", { name: go, exact: true }).click();
}

test(
  "through WeChat's consent and back, and one with their phone number",
  async () => {
    // Somebody known by their phone.
    const desk = await openWindow(stage.browser, { baseURL: stage.url, viewport: phone, locale: "zh-CN" });
    onTestFailed(async () => console.log(await album.take(desk.page, "failed"), ...desk.complaints));
    await desk.page.goto("/customer");
    await desk.page.getByRole("heading", { name: "登录 灯笼茶" }).waitFor();
    // Outside of WeChat it isn't offered.
    expect(await desk.page.getByRole("link", { name: "微信登录" }).count()).toBe(0);
    await stage.api.audience.createPerson({ displayName: "老顾客", phone: "13800138200" });

    const { page, complaints } = await openWindow(stage.browser, {
      baseURL: stage.url,
      viewport: phone,
      locale: "zh-CN",
      userAgent,
    });
    await prepareInspection(page.context());
    await page.goto("/customer?from=menu");
    await page.getByRole("link", { name: "微信登录" }).waitFor();
    expect(await inspect(page, ["customers"], false)).toEqual([]);
    await album.take(page, "offered");
    await page.getByRole("link", { name: "微信登录" }).click();
    await page.getByText("申请获取您的昵称、头像").waitFor();
    await album.take(page, "consent");
    await page.getByRole("button", { name: "拒绝" }).click();
    await page.getByText("已拒绝授权").waitFor();
    await page.goto("/customer?from=menu");
    await page.getByRole("link", { name: "微信登录" }).click();
    await page.getByRole("button", { name: "允许" }).click();
    await page.getByRole("heading", { name: "我的登录" }).waitFor();
    expect(page.url()).toBe(`${stage.url}/customer?from=menu`);
    await page.getByText("小满").waitFor();
    await page.getByText("微信 灯笼茶").waitFor();
    await album.take(page, "signed-in");
    expect(await inspect(page, ["customers"], false)).toEqual([]);
    await signInByCode(page, "13800138200", "关联");
    await page.getByText("手机 138****8200").waitFor();
    await album.take(page, "one");
    const { items } = await stage.api.audience.listPeople({ search: "8200" });
    expect(items).toHaveLength(1);
    const { identities } = await stage.api.audience.getPerson({ personId: items[0]!.id });
    expect(identities.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["openid", "phone"]));
    // Nobody was signed in yet, and whoever asks for a code solves something first.
    expect(complaints.filter((each) => !/^401: POST .*refresh$|^428: POST .*codes$/.test(each))).toEqual([]);
    // The way back is gone: what the browser's history has leads to a page that says so.
    await page.goto("/api/customers/wechat/callback?code=old&state=old");
    await page.getByText("微信授权没有完成").waitFor();
    await album.take(page, "way-lost");
  },
  patient(120_000),
);
