import { afterAll, beforeAll, expect, inject, onTestFailed, test } from "vitest";
import { Album } from "./setup/album.ts";
import { signIn } from "./setup/sign-in.ts";
import { type Stage, setStage } from "./setup/stage.ts";
import { openWindow, type Window } from "./setup/window.ts";

/*
 * An owner acts in an operator's name, with a banner above every page and a way back; the operator is told, and sees it
 * among their sign-ins.
 */
let stage: Stage;
let album: Album;
beforeAll(async () => {
  album = await Album.open("impersonation");
  stage = await setStage(inject("clusterUrl"));
});
afterAll(() => stage?.close());

async function newWindow(colorScheme: "light" | "dark" = "light"): Promise<Window> {
  const viewport = { width: 1280, height: 800 };
  const opened = await openWindow(stage.browser, {
    baseURL: stage.url,
    viewport,
    reducedMotion: "reduce",
    colorScheme,
  });
  onTestFailed(async () =>
    console.error(await album.take(opened.page, "failed"), ...opened.complaints, stage.serverOutput()),
  );
  return opened;
}

test("an owner acts in an operator's name and comes back; the operator hears of it, and signs out elsewhere", async () => {
  const { page } = await newWindow();
  await signIn(page, stage.owner);
  await page.goto("/accounts");
  await page.getByRole("row", { name: /阿青/ }).getByRole("button").last().click();
  await page
    .getByRole("menuitem", { name: "以其身份操作" })
    .or(page.getByRole("button", { name: "以其身份操作" }))
    .first()
    .click();
  await page.getByRole("dialog").getByLabel("原因（对方会看到）").fill("帮忙查看一条消息");
  await album.take(page, "asks for a reason");
  await page.getByRole("button", { name: "开始，最多 30 分钟" }).click();
  const banner = page.getByRole("status").filter({ hasText: "您正在以“阿青”的身份操作" });
  await banner.waitFor();
  await page.goto("/people");
  await banner.waitFor();
  await page.reload();
  await banner.waitFor();
  await album.take(page, "banner");
  expect(await page.getByRole("link", { name: "审计日志", exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "结束，回到自己的身份" }).click();
  await page.getByRole("link", { name: "审计日志", exact: true }).waitFor();
  expect(await banner.count()).toBe(0);
  await page.goto("/settings/audit");
  await page.getByText("掌柜").first().waitFor();
  await album.take(page, "audit");

  const theirs = (await newWindow("dark")).page;
  await signIn(theirs, stage.operator);
  await theirs.setViewportSize({ width: 390, height: 800 });
  await theirs.goto("/sign-ins");
  await theirs.getByText("掌柜 以您的身份操作，原因：帮忙查看一条消息").waitFor();
  await album.take(theirs, "own sign-ins on a phone, dark");
  await theirs.getByRole("button", { name: "退出其他所有登录" }).click();
  await theirs.getByText("其他登录已全部退出").first().waitFor();
  await page.goto("/accounts");
  await page.getByRole("row", { name: /阿青/ }).getByRole("button").last().click();
  await page
    .getByRole("menuitem", { name: "登录情况" })
    .or(page.getByRole("button", { name: "登录情况" }))
    .first()
    .click();
  await page.getByText("阿青的登录情况").waitFor();
  await page.getByText("已结束").first().waitFor();
  await album.take(page, "an administrator sees them");
});
