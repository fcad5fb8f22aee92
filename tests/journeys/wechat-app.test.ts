import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { setStage, type Stage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * An administrator finds out why an account doesn't work, and mends it: the address that WeChat doesn't allow, the token,
 * the quota. Then somebody who is no administrator looks.
 */
const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };
let stage: Stage;
let bound: Bound;
let album: Album;
let office: Window;
beforeAll(async () => {
  album = await Album.open("wechat-app");
  stage = await setStage(inject("clusterUrl"));
  bound = await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: desk, reducedMotion: "reduce" });
  await signIn(office.page, stage.owner);
});
afterAll(() => stage?.close());

const pageOf = () => `/connect/apps/${bound.wechatAppId}`;

test(
  "an address that isn't allowed is named and mended; then all checks pass",
  async () => {
    const { page, complaints } = office;
    onTestFailed(async () => console.log(await album.take(page, "failed"), page.url(), ...complaints));
    const account = stage.emulator.world.account(bound.appid);
    account.ipWhitelist = ["203.0.113.9"];
    await page.goto("/connect/apps");
    await page.locator("#content").getByRole("link", { name: "灯笼茶" }).click();
    await page.getByText("还没有检查过。").waitFor();
    await album.take(page, "before");
    await page.getByRole("button", { name: "全部检查" }).click();
    await page.getByText("本服务器的出口 IP 127.0.0.1 不在白名单。").waitFor();
    await page.getByRole("button", { name: "复制要添加的 IP" }).waitFor();
    await album.take(page, "not-allowed");
    account.ipWhitelist = ["127.0.0.1"];
    await page.getByRole("button", { name: "检查“IP 白名单”" }).click();
    await page.getByText("微信接受本服务器的 IP。").waitFor();
    await stage.emulator.world.follow(stage.emulator.world.createPuppet().id);
    await page.getByRole("button", { name: "全部检查" }).click();
    await page.getByText("一切正常。").waitFor();
    await album.take(page, "all-good");
    expect(complaints).toEqual([]);
  },
  patient(120_000),
);

test(
  "a token is replaced by hand and forced, a quota is reset: each says first what it costs",
  async () => {
    onTestFailed(() => console.log(stage.serverOutput()));
    const { page } = office;
    await page.goto(pageOf());
    await page.getByText("强制刷新", { exact: true }).waitFor();
    const value = stage.emulator.world.state.tokens.issue(bound.appid).value;
    await page.getByRole("button", { name: "手工更换" }).click();
    await page.getByRole("textbox", { name: "access_token" }).fill("not a token");
    await page.getByRole("button", { name: "更换", exact: true }).click();
    await page.getByText("20 到 512 位字母、数字、横线或下划线").waitFor();
    await album.take(page, "replacing");
    await page.getByRole("textbox", { name: "access_token" }).fill(value);
    await page.getByRole("button", { name: "更换", exact: true }).click();
    await page.getByText("手工更换").first().waitFor();
    await page.getByText(`••••••••${value.slice(-4)}`).waitFor();
    expect(await page.content()).not.toContain(value);
    await page.getByRole("button", { name: "强制刷新" }).click();
    await page.getByText(/今天还可以强制 20 次/).waitFor();
    await album.take(page, "forcing");
    await page.getByRole("dialog").getByRole("button", { name: "强制刷新" }).click();
    await page.getByText("已换成新凭证").waitFor();
    await page.getByText("1 / 20").waitFor();
    await page.getByRole("button", { name: "全部清零" }).click();
    await page.getByText(/现在还剩 10 次，之后剩 9 次/).waitFor();
    await album.take(page, "resetting");
    await page.getByRole("dialog").getByRole("button", { name: "清零" }).click();
    await page.getByText("本月还可清零 9 次（共 10 次）").waitFor();
    await page.screenshot({ path: `${album.folder}/desk-zh.png`, fullPage: true });
  },
  patient(120_000),
);

test(
  "in both languages, light and dark, on a phone too; and nobody but an administrator sees tokens and quotas",
  async () => {
    const inDark = { baseURL: stage.url, colorScheme: "dark", reducedMotion: "reduce" } as const;
    for (const [name, viewport] of Object.entries({ desk, phone })) {
      const { page, close } = await openWindow(stage.browser, inDark);
      await signIn(page, stage.owner);
      await page.setViewportSize(viewport);
      if (name === "desk") await page.evaluate(() => localStorage.setItem("zhanggui.language", "en"));
      await page.goto(pageOf());
      await page.getByText("共 10 次").or(page.getByText("of 10 resets are left")).waitFor();
      await page.screenshot({ path: `${album.folder}/${name}-second.png`, fullPage: true });
      await close();
    }
    const { page, close } = await openWindow(stage.browser, { baseURL: stage.url });
    await signIn(page, stage.operator);
    await page.setViewportSize(phone);
    await page.goto(pageOf());
    await page.getByText("微信接受本服务器的 IP。").waitFor();
    expect(await page.getByText("今日调用次数").count()).toBe(0);
    expect(await page.getByRole("button", { name: "强制刷新" }).count()).toBe(0);
    await page.screenshot({ path: `${album.folder}/phone-operator.png`, fullPage: true });
    await close();
  },
  patient(120_000),
);
