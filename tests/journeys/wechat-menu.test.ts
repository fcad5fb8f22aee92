import { bindLanternTea, type Bound } from "@zhanggui/server/testing/lantern-tea";
import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { patient } from "../setup/patience.ts";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { setStage, type Stage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * An operator draws an account's menu beside a phone, publishes it, and finds out that somebody changed it elsewhere.
 */
const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 900 };
let stage: Stage;
let bound: Bound;
let album: Album;
let office: Window;
beforeAll(async () => {
  album = await Album.open("wechat-menu");
  stage = await setStage(inject("clusterUrl"));
  bound = await bindLanternTea({ api: stage.api }, stage.emulator.world, stage.url);
  stage.emulator.world.account(bound.appid).tags.push({ id: 100, name: "会员", members: new Set() } as never);
  office = await openWindow(stage.browser, { baseURL: stage.url, viewport: desk, reducedMotion: "reduce" });
  await signIn(office.page, stage.operator);
});
afterAll(() => stage?.close());

const account = () => stage.emulator.world.account(bound.appid);
const pageOf = () => `/connect/apps/${bound.wechatAppId}/menu`;

test(
  "a menu is drawn beside a phone, with its bytes counted, and published",
  async () => {
    onTestFailed(() => console.log(stage.serverOutput()));
    const { page } = office;
    await page.goto(`/connect/apps/${bound.wechatAppId}`);
    await page.getByRole("link", { name: "自定义菜单" }).click();
    await page.getByRole("button", { name: "添加按钮（0/3）" }).click();
    await page.getByRole("textbox", { name: "名称" }).fill("今日茶单和明日茶单");
    await page.getByText("27/16").waitFor();
    await page.getByText("最多 16 字节，现在 27").waitFor();
    await album.take(page, "too-long");
    expect(await page.getByRole("button", { name: "发布", exact: true }).isDisabled()).toBe(true);
    await page.getByRole("textbox", { name: "名称" }).fill("今日茶单");
    await page.getByRole("textbox", { name: "网址" }).fill("https://lantern-tea.example/menu");
    await page.getByRole("button", { name: "添加按钮（1/3）" }).click();
    await page.getByRole("textbox", { name: "名称" }).fill("更多");
    for (const [name, url] of [
      ["门店", "https://lantern-tea.example/stores"],
      ["关于我们", "https://lantern-tea.example/about"],
    ] as const) {
      await page.getByRole("button", { name: /给“更多”添加子菜单/ }).click();
      await page.getByRole("textbox", { name: "名称" }).fill(name);
      await page.getByRole("textbox", { name: "网址" }).fill(url);
    }
    // By keyboard: what was added last goes first.
    await page.getByRole("list", { name: "按钮" }).getByRole("button", { name: "关于我们", exact: true }).focus();
    await page.keyboard.press("Alt+ArrowUp");
    await album.take(page, "drawn");
    // By drag: the second one to the first place.
    const row = (name: string) =>
      page.getByRole("list", { name: "按钮" }).locator("li").filter({ hasText: name }).first();
    await row("更多").dragTo(row("今日茶单"));
    await page.getByRole("button", { name: "发布", exact: true }).click();
    await page.getByText("会立即替换微信里的菜单").waitFor();
    await album.take(page, "sure");
    await page.getByRole("dialog").getByRole("button", { name: "发布", exact: true }).click();
    await page.getByText("与微信一致").waitFor();
    expect(account().menu).toMatchObject([
      { name: "更多", sub_button: [{ name: "关于我们" }, { name: "门店" }] },
      { type: "view", name: "今日茶单" },
    ]);
    await album.take(page, "published");
  },
  patient(120_000),
);

test(
  "a menu for members; what somebody changed elsewhere is noticed; an earlier version is taken back",
  async () => {
    onTestFailed(() => console.log(stage.serverOutput()));
    const { page } = office;
    await page.getByRole("button", { name: "添加个性化菜单" }).click();
    await page.getByText("请选择标签或设备").waitFor();
    await page.getByRole("combobox", { name: "标签" }).click({ force: true });
    await page.getByRole("option", { name: /会员/ }).click();
    await page
      .getByRole("list", { name: "按钮" })
      .getByRole("button", { name: /^未命名/ })
      .click();
    await page.getByRole("textbox", { name: "名称" }).fill("会员茶单");
    await page.getByRole("textbox", { name: "网址" }).fill("https://lantern-tea.example/members");
    await album.take(page, "members");
    await page.getByRole("button", { name: "发布", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "发布", exact: true }).click();
    await page.getByText("与微信一致").waitFor();
    expect(account().conditionalMenus).toMatchObject([{ button: [{ name: "会员茶单" }], matchRule: { tagId: 100 } }]);
    account().menu = [{ type: "click", name: "别处改的", key: "X" }];
    await page.getByRole("button", { name: "重新比对" }).click();
    await page.getByText("微信里的菜单与上次发布的不同").waitFor();
    await album.take(page, "elsewhere");
    await page.getByRole("button", { name: "取到草稿" }).click();
    await page.getByRole("list", { name: "按钮" }).getByRole("button", { name: "别处改的", exact: true }).click();
    expect(await page.getByRole("textbox", { name: "关键词（key）" }).inputValue()).toBe("X");
    await page.getByRole("button", { name: "保存草稿" }).click();
    await page.getByText("已保存").waitFor();
    await page.getByRole("button", { name: "历次发布" }).click();
    await page.getByText("第 1 版").waitFor();
    await album.take(page, "versions");
    await page.getByRole("listitem").filter({ hasText: "第 1 版" }).getByRole("button", { name: "取回" }).click();
    await page.getByRole("list", { name: "按钮" }).getByRole("button", { name: "今日茶单", exact: true }).waitFor();
  },
  patient(120_000),
);

test(
  "in both languages, light and dark, on a phone too",
  async () => {
    for (const [name, viewport] of Object.entries({ desk, phone })) {
      const settings = { baseURL: stage.url, colorScheme: "dark", reducedMotion: "reduce" } as const;
      const { page, complaints, close } = await openWindow(stage.browser, settings);
      await signIn(page, stage.owner);
      await page.setViewportSize(viewport);
      if (name === "desk") await page.evaluate(() => localStorage.setItem("zhanggui.language", "en"));
      await page.goto(pageOf());
      await page.getByRole("figure").getByRole("button", { name: "更多" }).click();
      await page.getByRole("figure").getByRole("button", { name: "门店" }).waitFor();
      await page.screenshot({ path: `${album.folder}/${name}-dark.png`, fullPage: true });
      expect(complaints).toEqual([]);
      await close();
    }
  },
  patient(120_000),
);
